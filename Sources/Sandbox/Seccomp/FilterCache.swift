import Glibc
import Linux
import SandboxPlan

/// All that a compiled filter depends on.
struct FilterKey: Hashable, Sendable {
    let bytes: [UInt8]

    /// Counts up with every change of what the compiler makes of a profile.
    private static let format = 1

    init(source: ProfileSource, capabilities: [String]) {
        let kernel = KernelVersion.running.map { "\($0.major).\($0.minor)" } ?? "unknown"
        let head =
            "altp-filter \(Self.format)\nlibseccomp \(SeccompCompiler.libraryVersion)\narchitecture "
            + "\(Architecture.native)\nkernel \(kernel)\ncapabilities \(Set(capabilities).sorted().joined(separator: " "))\n"
        bytes = Array(head.utf8) + source.content
    }
}

/// Compiled filters on disk, for commands that live shorter than a compilation takes.
///
/// The folder is root's alone. A file counts only when it is root's alone too, whole, and made of exactly the asked key;
/// else it is as if there were none, and a new one takes its place.
struct FilterCache: Sendable {
    let folder: String

    static let largestFile = 1 << 21
    private static let magic = Array("altpflt1".utf8)

    /// - Parameter folder: made when it does not exist; nil when it cannot be root's alone.
    init?(folder: String) {
        if mkdir(folder, 0o700) != 0, errno != EEXIST { return nil }
        var status = stat()
        guard lstat(folder, &status) == 0, status.st_mode == S_IFDIR | 0o700, status.st_uid == 0 else { return nil }
        self.folder = folder
    }

    func filter(for key: FilterKey) -> CompiledFilter? {
        guard let content = try? read(path(of: key)), let parts = Self.unpack(content), parts.key == key.bytes,
            let answers = try? Plan(text: String(decoding: parts.answers, as: UTF8.self)).filter,
            answers.instructions > 0, answers.instructions * 8 == parts.program.count,
            let file = try? FileDescriptor.memory("seccomp", parts.program)
        else { return nil }
        return CompiledFilter(file: FilterFile(file), plan: answers)
    }

    /// Fails in silence: the next command compiles again, which costs it some milliseconds.
    func store(_ filter: CompiledFilter, for key: FilterKey) {
        var answers = Plan()
        answers.filter = filter.plan
        // A plan without a command is none.
        answers.arguments = ["-"]
        guard let program = try? filter.file.content() else { return }
        let content = Self.pack(key: key.bytes, answers: Array(answers.text.utf8), program: program)
        let temporary = "\(folder)/.new-\(getpid())"
        unlink(temporary)
        do throws(SystemError) {
            let file = try FileDescriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try check("fchmod") { fchmod(file.raw, 0o600) }
            try file.writeAll(content)
            try check("rename") { rename(temporary, path(of: key)) }
        } catch {
            unlink(temporary)
        }
    }

    private func path(of key: FilterKey) -> String { "\(folder)/\(Digest(key.bytes).text)" }

    private func read(_ path: String) throws(SystemError) -> [UInt8]? {
        let file = try FileDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        var status = stat()
        try check("fstat") { fstat(file.raw, &status) }
        guard status.st_mode == S_IFREG | 0o600, status.st_uid == 0, status.st_size <= Self.largestFile else {
            return nil
        }
        let content = try file.readAll(limit: Self.largestFile)
        return content.count == Int(status.st_size) ? content : nil
    }

    /// Magic, three lengths, the digest of the rest, and the rest: key, answers, program.
    static func pack(key: [UInt8], answers: [UInt8], program: [UInt8]) -> [UInt8] {
        let body = key + answers + program
        var content = magic
        for part in [key, answers, program] {
            withUnsafeBytes(of: UInt32(part.count).littleEndian) { content.append(contentsOf: $0) }
        }
        return content + Digest(body).bytes + body
    }

    /// Nil for what `pack` did not give.
    static func unpack(_ content: [UInt8]) -> (key: [UInt8], answers: [UInt8], program: [UInt8])? {
        let start = 8 + 12 + 16
        guard content.count >= start, Array(content[..<8]) == magic else { return nil }
        let lengths = (0..<3).map { part in
            (0..<4).reduce(0) { $0 | Int(content[8 + part * 4 + $1]) << ($1 * 8) }
        }
        let body = Array(content[start...])
        guard lengths.reduce(0, +) == body.count, Digest(body).bytes == Array(content[20..<36]) else { return nil }
        return (
            Array(body[..<lengths[0]]), Array(body[lengths[0]..<(lengths[0] + lengths[1])]),
            Array(body[(lengths[0] + lengths[1])...])
        )
    }
}

/// 128 bits that tell contents apart and find damage; not made to withstand somebody who chooses the contents.
struct Digest: Equatable {
    private let words: (UInt64, UInt64)

    init(_ content: [UInt8]) {
        var first = 0x9e37_79b9_7f4a_7c15 ^ UInt64(content.count)
        var second: UInt64 = 0xc2b2_ae3d_27d4_eb4f
        func mix(_ value: UInt64) -> UInt64 {
            // The finalizer of SplitMix64: every bit of the input reaches every bit of the result.
            var value = value
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
        var index = 0
        content.withUnsafeBytes { buffer in
            while index < buffer.count {
                var word: UInt64 = 0
                for offset in 0..<min(8, buffer.count - index) {
                    word |= UInt64(buffer[index + offset]) << (offset * 8)
                }
                first = mix(first ^ word)
                second = mix(second &+ first &+ word &* 0x9fb2_1c65_1e98_df25)
                index += 8
            }
        }
        words = (mix(first &+ second), mix(second ^ first))
    }

    static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    var bytes: [UInt8] {
        [words.0, words.1].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    }

    var text: String { Hexadecimal.text(of: bytes) }
}
