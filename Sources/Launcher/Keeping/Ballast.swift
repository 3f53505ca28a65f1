import Glibc
import Linux
import Synchronization

/// A few mebibytes that are given up when the disk is so full that nothing could be recorded or set aside any more, so
/// that removing can begin.
final class Ballast: Sendable {
    static let size: Int64 = 4 << 20

    private let path: String
    private let isThere = Mutex(false)

    init(path: String) { self.path = path }

    /// Takes the space, where there is plenty.
    func take(free: Int64) {
        isThere.withLock { isThere in
            guard !isThere, free > Self.size * 16 else { return }
            guard let file = try? FileDescriptor.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600) else {
                return
            }
            isThere = posix_fallocate(file.raw, 0, off_t(Self.size)) == 0
        }
    }

    /// Gives the space up.
    func giveUp() {
        isThere.withLock { isThere in
            unlink(path)
            isThere = false
        }
    }
}
