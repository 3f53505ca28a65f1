import CLinux
import Glibc
import Linux
import Synchronization

/// This process's side of a gate at which a pid 1 waits, its sandbox made, for the word to execute the command. It is shut for
/// good when this process ends.
final class StartGate: Sendable {
    private let socket: Mutex<FileDescriptor?>

    struct Sides: ~Copyable {
        let own: StartGate
        /// Pid 1's.
        let other: FileDescriptor
    }

    static func make() throws(SystemError) -> Sides {
        var ends: [Int32] = [-1, -1]
        try check("socketpair") { altp_message_sockets(&ends) }
        return Sides(own: StartGate(FileDescriptor(owning: ends[0])), other: FileDescriptor(owning: ends[1]))
    }

    private init(_ socket: consuming FileDescriptor) { self.socket = Mutex(socket) }

    /// Says the word, at most once.
    func open() {
        socket.withLock { socket in
            // It fails when pid 1 has failed, which its outcome tells.
            if let descriptor = socket?.raw { _ = send(descriptor, "g", 1, Int32(MSG_NOSIGNAL)) }
            socket = nil
        }
    }

    /// Pid 1 ends without having executed anything, unless it was told to.
    func shut() { socket.withLock { $0 = nil } }
}
