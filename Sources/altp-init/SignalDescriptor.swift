import CLinux
import Glibc

/// The signals that pid 1 cares for, as a descriptor to poll: SIGCHLD, and SIGTERM for "end the Script". Its starter has
/// blocked them already: what came before the descriptor was there must not be lost, for nothing would come after it.
enum SignalDescriptor {
    static func open() -> Int32 {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGCHLD)
        sigaddset(&set, SIGTERM)
        return signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
    }

    /// The numbers of all that are pending.
    static func drain(_ descriptor: Int32) -> Set<Int32> {
        var numbers: Set<Int32> = []
        var info = signalfd_siginfo()
        while read(descriptor, &info, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size {
            numbers.insert(Int32(info.ssi_signo))
        }
        return numbers
    }
}
