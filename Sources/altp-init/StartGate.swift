import Glibc

/// Where pid 1 waits, with the sandbox made, until its command may be executed: a Launcher has it made while it records that
/// the attempt starts, and says the word when the record is on the disk.
struct StartGate {
    /// A socket to the Launcher; -1 for a sandbox that was started by itself, which has no gate.
    let socket: Int32

    /// Returns at the word.
    ///
    /// When the Launcher is gone before it, or gives the start up, this process ends, and all of the sandbox with it: nothing
    /// was executed, and there is nothing to tell.
    func pass() {
        guard socket >= 0 else { return }
        var byte: UInt8 = 0
        var count: Int
        repeat { count = recv(socket, &byte, 1, 0) } while count < 0 && errno == EINTR
        guard count == 1 else { exit(EXIT_FAILURE) }
        close(socket)
    }
}
