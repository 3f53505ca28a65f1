import Glibc
import CLinux

/// An open file descriptor that closes itself. Every one is made with `O_CLOEXEC`.
package struct FileDescriptor: ~Copyable, Sendable {
    package let raw: Int32

    /// Takes over an open descriptor.
    package init(owning raw: Int32) { self.raw = raw }

    deinit { close(raw) }

    /// Gives the number away: who takes it closes it.
    package consuming func take() -> Int32 {
        let number = raw
        discard self
        return number
    }
}

extension FileDescriptor {
    /// openat(2). `O_CLOEXEC` and `O_NOCTTY` are added.
    package static func open(
        _ path: String, _ flags: Int32, mode: UInt32 = 0, at directory: Int32 = AT_FDCWD
    ) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            owning: try check("open", path) { openat(directory, path, flags | O_CLOEXEC | O_NOCTTY, mode) })
    }

    /// openat2(2) that follows no symbolic link, not in the middle of the path either (`ELOOP` when there is one).
    package static func openWithoutLinks(
        _ path: String, _ flags: Int32, mode: UInt32 = 0, at directory: Int32 = AT_FDCWD
    ) throws(SystemError) -> FileDescriptor {
        // openat2(2) refuses flags that mean nothing beside O_PATH.
        let more = flags & altp_o_path == 0 ? O_CLOEXEC | O_NOCTTY : O_CLOEXEC
        return FileDescriptor(
            owning: try check("openat2", path) {
                altp_openat2(
                    directory, path, UInt64(UInt32(bitPattern: flags | more)), UInt64(mode), altp_resolve_no_symlinks)
            })
    }

    /// memfd_create(2) with this content, readable from the start.
    package static func memory(_ name: String, _ content: [UInt8]) throws(SystemError) -> FileDescriptor {
        let file = FileDescriptor(owning: try check("memfd_create", name) { altp_memory_file(name) })
        try file.writeAll(content)
        try check("lseek", name) { lseek(file.raw, 0, SEEK_SET) }
        return file
    }

    package borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        var offset = 0
        while offset < bytes.count {
            offset += try check("write") {
                bytes.withUnsafeBytes { write(raw, $0.baseAddress! + offset, bytes.count - offset) }
            }
        }
    }

    /// Reads to the end, at most `limit` bytes; throws `EFBIG` when there is more.
    package borrowing func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = try check("read") { chunk.withUnsafeMutableBytes { read(raw, $0.baseAddress!, $0.count) } }
            if count == 0 { return content }
            content.append(contentsOf: chunk[..<count])
            if content.count > limit { throw SystemError("read", number: EFBIG) }
        }
    }
}

/// Reads a small file such as those in /proc and /sys: at most a mebibyte.
package func readFile(_ path: String, at directory: Int32 = AT_FDCWD) throws(SystemError) -> String {
    let file = try FileDescriptor.open(path, O_RDONLY, at: directory)
    do {
        return String(decoding: try file.readAll(limit: 1 << 20), as: UTF8.self)
    } catch {
        throw SystemError(error.call, path, number: error.number)
    }
}

/// Writes a control file such as those of a cgroup, in one write(2).
package func writeControlFile(_ path: String, _ text: String) throws(SystemError) {
    let file = try FileDescriptor.open(path, O_WRONLY)
    do {
        try file.writeAll(Array(text.utf8))
    } catch {
        throw SystemError("write \"\(text)\" to", path, number: error.number)
    }
}
