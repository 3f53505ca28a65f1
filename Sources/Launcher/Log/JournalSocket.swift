import CLinux
import Glibc
package import Linux

/// The journal's own socket, for entries with fields (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). Never waits: what the
/// journal does not take now is for standard error.
package final class JournalSocket: Sendable {
    package static let path = "/run/systemd/journal/socket"

    private let socket: FileDescriptor

    package init(path: String = JournalSocket.path) throws(SystemError) {
        let socket = FileDescriptor(
            owning: try check("socket", path) {
                Glibc.socket(
                    AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemError("connect", path, number: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        try check("connect", path) {
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket.raw, $0, size) }
            }
        }
        self.socket = socket
    }

    /// The journal's, when it is where this process' standard error goes: systemd.exec(5) says it by `JOURNAL_STREAM`, and
    /// whoever redirected standard error since does not want it there.
    package static func ofStandardError() -> JournalSocket? {
        guard let stream = getenv("JOURNAL_STREAM").map({ String(cString: $0) }) else { return nil }
        var status = stat()
        guard fstat(STDERR_FILENO, &status) == 0, names(stream, status) else { return nil }
        return try? JournalSocket()
    }

    /// `8:24532`: the device and the inode, in decimal.
    static func names(_ stream: String, _ status: stat) -> Bool {
        let parts = stream.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && UInt64(parts[0]) == UInt64(status.st_dev)
            && UInt64(parts[1]) == UInt64(status.st_ino)
    }

    /// - Returns: false when the journal has not taken it.
    package func send(_ entry: [UInt8]) -> Bool {
        if altp_send_message(socket.raw, entry, entry.count, nil, 0) >= 0 { return true }
        guard errno == EMSGSIZE || errno == ENOBUFS else { return false }
        // Too large for a datagram: its descriptor goes instead. The journal takes it only when nobody can change it any more.
        let number = altp_sealed_memory_file("altp-journal", entry, entry.count)
        guard number >= 0 else { return false }
        let file = FileDescriptor(owning: number)
        var descriptor = file.raw
        return altp_send_message(socket.raw, nil, 0, &descriptor, 1) >= 0
    }
}
