import CLinux
import Glibc
import Linux

/// A directory or a few files on the disk that go into an archive.
final class ArchiveSection: Sendable {
    /// What the members are relative to.
    let parent: FileDescriptor
    let members: [String]
    /// What the only member is called in the archive; nil for its own name.
    let name: String?

    init(_ parent: consuming FileDescriptor, _ members: [String], as name: String? = nil) {
        self.parent = parent
        self.members = members
        self.name = name
    }
}

/// A tar archive as it is written: what is only in memory first, and then what tar(1) reads of the disk.
package struct Archive: Sendable {
    var files: [ArchiveFile] = []
    var sections: [ArchiveSection] = []
    /// Names in the archive that are left out.
    var excluded: [String] = []
    /// Makes ids below 65536, an image's, those of a block.
    var shiftsTo: UInt32?
    /// What must not be removed meanwhile.
    var hold: ImageHold?

    static let program = "/usr/bin/tar"

    /// Writes all of it. Blocks its thread as long as that takes, or until whoever reads the other end is gone.
    package func write(to output: Int32) throws(SandboxError) {
        do throws(SystemError) {
            for file in files { try Self.write(file.bytes, to: output) }
            try writeSections(to: output)
        } catch {
            throw SandboxError("writing the archive: \(error)")
        }
    }

    private static func write(_ bytes: [UInt8], to output: Int32) throws(SystemError) {
        var offset = 0
        while offset < bytes.count {
            offset += try check("write") {
                bytes.withUnsafeBytes { Glibc.write(output, $0.baseAddress! + offset, bytes.count - offset) }
            }
        }
    }

    private func writeSections(to output: Int32) throws(SystemError) {
        let errors = try FileDescriptor.memory("errors", [])
        let null = try FileDescriptor.open("/dev/null", O_RDONLY)
        let owners = try FileDescriptor.memory("owners", shiftsTo.map(Self.ownerMap) ?? [])
        let descriptors = [null.raw, output, errors.raw, owners.raw] + sections.map { $0.parent.raw }
        var pidfd: Int32 = -1
        var call: UnsafePointer<CChar>?
        var vector: [UnsafeMutablePointer<CChar>?] = ([Self.program] + arguments).map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("LC_ALL=C.UTF-8"), nil]
        defer { (vector + environment).forEach { free($0) } }
        let pid = altp_spawn(
            Self.program, &vector, &environment, descriptors, Int32(descriptors.count), 0, -1, &pidfd, &call)
        guard pid > 0 else { throw SystemError(call.map { String(cString: $0) } ?? "clone3", Self.program) }
        let process = FileDescriptor(owning: pidfd)
        var info = siginfo_t()
        try check("waitid", Self.program) { waitid(P_PIDFD, id_t(process.raw), &info, WEXITED) }
        guard info.si_code == CLD_EXITED, info._sifields._sigchld.si_status == 0 else {
            try check("lseek", Self.program) { lseek(errors.raw, 0, SEEK_SET) }
            let said = String(decoding: (try? errors.readAll(limit: 64 << 10)) ?? [], as: UTF8.self)
            let last = said.split(separator: "\n").suffix(3).joined(separator: "; ")
            throw SystemError("run", "\(Self.program): \(last)", number: EIO)
        }
    }

    private var arguments: [String] {
        var arguments = [
            "--create", "--format=posix", "--numeric-owner", "--sparse", "--xattrs", "--xattrs-include=*",
            "--one-file-system", "--sort=name", "--pax-option=delete=atime,delete=ctime",
        ]
        if shiftsTo != nil {
            arguments += ["--owner-map=/proc/self/fd/3", "--group-map=/proc/self/fd/3"]
        }
        if !excluded.isEmpty {
            arguments += ["--anchored", "--no-wildcards-match-slash"] + excluded.map { "--exclude=\($0)" }
        }
        for section in sections {
            // Targets of symbolic links stay as they are; those of hard links are names in the archive.
            guard let name = section.name, let member = section.members.first else { continue }
            let pattern = member == "." ? "\\." : member
            arguments.append("--transform=flags=rhS;s,^\(pattern)\\(/\\|$\\),\(name)\\1,")
        }
        for (index, section) in sections.enumerated() {
            arguments += ["--directory=/proc/self/fd/\(4 + index)"] + section.members
        }
        return arguments
    }

    /// A line for each id of an image: what it becomes.
    private static func ownerMap(_ first: UInt32) -> [UInt8] {
        var text = ""
        for id in 0..<UInt32(65_536) { text += "+\(id) +\(first + id)\n" }
        return Array(text.utf8)
    }
}
