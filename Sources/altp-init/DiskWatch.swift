import CLinux
import Glibc
import Linux

/// What the Script has added to the disk, by what is left of it: project quotas and images both tell that through
/// statfs(2), which needs no privilege.
///
/// Of an image the kernel tells nobody that a write was refused, so it is looked in time: as often as the Script could have used up
/// the rest, within bounds.
struct DiskWatch {
    private struct Place {
        var descriptor: Int32
        var bytesAtStart: Int64
        var inodesAtStart: Int64
    }

    private var places: [Place] = []
    private let limit: (bytes: Int64, inodes: Int64)
    private(set) var bytesPeak: Int64 = -1
    private(set) var inodesPeak: Int64 = -1
    /// Next to nothing was left at some time.
    private(set) var wasFull = false
    /// More was added, over all places, than the limit allows.
    private(set) var isExceeded = false
    /// In `Clock`'s milliseconds.
    private(set) var nextLook = Int64.max

    /// What one could add at most in a millisecond.
    private static let most: (bytes: Int64, inodes: Int64) = (2 << 20, 500)
    private static let pauses: ClosedRange<Int64> = 10...1000

    init(_ descriptors: [Int32], bytes: Int64, inodes: Int64) {
        limit = (bytes, inodes)
        for descriptor in descriptors {
            guard let rest = Self.rest(of: descriptor) else { continue }
            places.append(Place(descriptor: descriptor, bytesAtStart: rest.bytes, inodesAtStart: rest.inodes))
        }
        if !places.isEmpty { nextLook = Clock.milliseconds() }
    }

    /// The kernel said so itself.
    mutating func wasRefused() { wasFull = true }

    mutating func look() {
        guard !places.isEmpty else { return }
        var added: (bytes: Int64, inodes: Int64) = (0, 0)
        var least: (bytes: Int64, inodes: Int64) = (.max, .max)
        for place in places {
            guard let rest = Self.rest(of: place.descriptor) else { continue }
            added.bytes += max(0, place.bytesAtStart - rest.bytes)
            added.inodes += max(0, place.inodesAtStart - rest.inodes)
            // A write that is refused leaves a little, and what failed may have been removed since.
            if limit.bytes > 0, rest.bytes <= max(32 << 10, limit.bytes / 64) { wasFull = true }
            if limit.inodes > 0, rest.inodes <= limit.inodes / 64 { wasFull = true }
            least.bytes = min(least.bytes, rest.bytes)
            least.inodes = min(least.inodes, rest.inodes)
        }
        bytesPeak = max(bytesPeak, added.bytes)
        inodesPeak = max(inodesPeak, added.inodes)
        // A block or two of slack: directories grow by whole blocks.
        if limit.bytes > 0, added.bytes > limit.bytes + 64 << 10 { isExceeded = true }
        if limit.inodes > 0, added.inodes > limit.inodes { isExceeded = true }
        let pause = min(least.bytes / Self.most.bytes, least.inodes / Self.most.inodes)
        nextLook = Clock.milliseconds() + min(max(pause, Self.pauses.lowerBound), Self.pauses.upperBound)
    }

    private static func rest(of descriptor: Int32) -> (bytes: Int64, inodes: Int64)? {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        return (
            Int64(clamping: status.f_bavail).multipliedReportingOverflow(by: Int64(status.f_frsize)).partialValue,
            Int64(clamping: status.f_favail)
        )
    }
}
