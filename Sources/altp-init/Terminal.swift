import CLinux
import Glibc
import Linux
import SandboxPlan

/// A terminal of the sandbox's own, a pair in its devpts: the Script has the one side, whoever started pid 1 the other.
///
/// So what the Script does to its terminal (modes, TIOCSTI) ends there, and no descriptor leads to the caller's.
struct Terminal {
    /// The Script's side.
    let script: Int32

    /// Makes the pair, and sends the other side over a socket.
    static func make(_ plan: Plan, rows: UInt16, columns: UInt16, socket: Int32) throws(SystemError) -> Terminal {
        let other = try FileDescriptor.open("/dev/pts/ptmx", O_RDWR)
        let number = try check("ioctl TIOCGPTN", "/dev/pts/ptmx") { altp_terminal_number(other.raw) }
        let script = try FileDescriptor.open("/dev/pts/\(number)", O_RDWR | O_NOFOLLOW)
        try check("fchown", "/dev/pts/\(number)") {
            fchown(script.raw, plan.firstUID + plan.uid, plan.firstUID + plan.gid)
        }
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        try check("ioctl TIOCSWINSZ", "/dev/pts/\(number)") { ioctl(script.raw, UInt(TIOCSWINSZ), &size) }
        try check("sendmsg", "the terminal's other side") { altp_send_descriptor(socket, other.raw) }
        return Terminal(script: script.take())
    }
}
