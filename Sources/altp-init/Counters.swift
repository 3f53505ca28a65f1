import Glibc
import SandboxPlan

/// Reads the group's counters, from descriptors that were opened before the sandbox was entered.
struct Counters {
    private let descriptors: [CgroupFile: Int32]

    init(_ descriptors: [CgroupFile: Int32]) { self.descriptors = descriptors }

    /// -1 where the kernel does not tell.
    var cpuMilliseconds: Int64 {
        if let nanoseconds = number(.cpuUsageNanoseconds) { return nanoseconds / 1_000_000 }
        if let microseconds = number(.cpuStat, key: "usage_usec") { return microseconds / 1000 }
        return -1
    }

    var outOfMemoryKills: Int64 {
        number(.memoryOOMControl, key: "oom_kill") ?? number(.memoryEvents, key: "oom_kill") ?? -1
    }

    func fill(_ report: inout InitReport) {
        report.cpuMilliseconds = cpuMilliseconds
        report.memoryPeak = number(.memoryPeakV1) ?? number(.memoryPeak) ?? -1
        report.outOfMemoryKills = outOfMemoryKills
        report.pidsPeak = number(.pidsPeak) ?? -1
        report.pidsRefused = number(.pidsEvents, key: "max") ?? -1
    }

    private func text(_ file: CgroupFile) -> String? {
        guard let descriptor = descriptors[file] else { return nil }
        return withUnsafeTemporaryAllocation(byteCount: 8192, alignment: 1) { buffer in
            let count = pread(descriptor, buffer.baseAddress!, buffer.count, 0)
            return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    private func number(_ file: CgroupFile) -> Int64? {
        text(file).flatMap { Int64($0.prefix { $0.isNumber }) }
    }

    private func number(_ file: CgroupFile, key: String) -> Int64? {
        for line in text(file)?.split(separator: "\n") ?? [] where line.hasPrefix("\(key) ") {
            return Int64(line.dropFirst(key.utf8.count + 1))
        }
        return nil
    }
}
