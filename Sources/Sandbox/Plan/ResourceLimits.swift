import Glibc
import SandboxPlan

extension ResourceLimit {
    /// All that setrlimit(2) knows, so that what a sandbox gets does not hang on how its starter was started.
    ///
    /// A limit that the starter itself is held to stays where it is, if that is lower: raising one takes CAP_SYS_RESOURCE,
    /// which not every root has. `open_files`, the one that policies name, is checked beforehand (`maximumOpenFiles`).
    static func all(openFiles: Int) -> [ResourceLimit] {
        let unlimited = UInt64.max
        return [
            limit(Int32(RLIMIT_AS.rawValue), unlimited), limit(Int32(RLIMIT_CPU.rawValue), unlimited),
            limit(Int32(RLIMIT_DATA.rawValue), unlimited), limit(Int32(RLIMIT_FSIZE.rawValue), unlimited),
            limit(Int32(RLIMIT_STACK.rawValue), 8 << 20, hard: unlimited), limit(Int32(RLIMIT_CORE.rawValue), 0),
            limit(Int32(RLIMIT_NOFILE.rawValue), UInt64(openFiles)),
            limit(Int32(__RLIMIT_MEMLOCK.rawValue), 64 << 10),
            limit(Int32(__RLIMIT_NPROC.rawValue), unlimited), limit(Int32(__RLIMIT_NICE.rawValue), 0),
            limit(Int32(__RLIMIT_RTPRIO.rawValue), 0), limit(Int32(__RLIMIT_MSGQUEUE.rawValue), 819_200),
            limit(Int32(__RLIMIT_SIGPENDING.rawValue), 1024),
        ]
    }

    /// The most open files that a sandbox of this process can be given.
    static var maximumOpenFiles: UInt64 { inheritedHardLimit(Int32(RLIMIT_NOFILE.rawValue)) }

    private static func limit(_ resource: Int32, _ soft: UInt64, hard: UInt64? = nil) -> ResourceLimit {
        let highest = inheritedHardLimit(resource)
        return ResourceLimit(resource: resource, soft: min(soft, highest), hard: min(hard ?? soft, highest))
    }

    private static func inheritedHardLimit(_ resource: Int32) -> UInt64 {
        var current = rlimit()
        guard getrlimit(__rlimit_resource_t(UInt32(resource)), &current) == 0 else { return .max }
        return UInt64(current.rlim_max)
    }
}
