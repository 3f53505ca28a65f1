import Glibc
import Linux

/// What a Script leaves is kept also where the disk is full or read-only for a while: pid 1 stays until it is written.
enum WaitForSpace {
    /// Repeats what fails for want of space once a second; throws its other failures.
    static func during(_ body: () throws(SystemError) -> Void) throws(SystemError) {
        while true {
            do throws(SystemError) {
                return try body()
            } catch  where [ENOSPC, EDQUOT, EROFS].contains(error.number) {
                usleep(1_000_000)
            }
        }
    }
}
