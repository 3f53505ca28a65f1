import Glibc
import Linux

/// A device, by the kernel's numbers.
struct DeviceNumber: Sendable, Hashable, CustomStringConvertible {
    var major: UInt32
    var minor: UInt32

    /// As the cgroup files want it.
    var description: String { "\(major):\(minor)" }

    /// The disk below a path; nil where its file system has none that the kernel can name, as overlay, tmpfs and btrfs have.
    static func diskBelow(_ path: String) -> DeviceNumber? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let device = DeviceNumber(UInt64(status.st_dev))
        guard device.major != 0, let folder = realpath("/sys/dev/block/\(device)", nil) else { return nil }
        defer { free(folder) }
        // Only whole disks have limits: those of a partition are its disk's.
        let place = String(cString: folder)
        guard access("\(place)/partition", F_OK) == 0 else { return device }
        return (try? readFile("\(place)/../dev")).flatMap { DeviceNumber(text: $0) }
    }

    /// As gnu_dev_major(3) and gnu_dev_minor(3), which are macros in their header.
    init(_ number: UInt64) {
        major = UInt32(truncatingIfNeeded: (number >> 8 & 0xfff) | (number >> 32 & 0xffff_f000))
        minor = UInt32(truncatingIfNeeded: (number & 0xff) | (number >> 12 & 0xffff_ff00))
    }

    /// Reads `254:0`, with a line's end.
    init?(text: String) {
        let parts = text.filter { !$0.isWhitespace }.split(separator: ":").map { UInt32($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
        self.major = major
        self.minor = minor
    }
}
