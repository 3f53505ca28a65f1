import CLinux
import Glibc

/// Project quotas of a file system, see quotactl(2) and xfs_quota(8): what a tree holds, and what it may hold.
package enum ProjectQuota {
    package struct Usage: Sendable, Hashable {
        package var bytes: Int64
        package var inodes: Int64
    }

    /// Whether the file system that a directory lies on holds projects to their limits.
    package static func isEnforced(_ directory: borrowing FileDescriptor) -> Bool {
        altp_quota_is_enforced(directory.raw) == 1
    }

    package static func usage(
        of project: UInt32, at directory: borrowing FileDescriptor
    ) throws(SystemError) -> Usage {
        var bytes: UInt64 = 0
        var inodes: UInt64 = 0
        do throws(SystemError) {
            try check("quotactl Q_GETQUOTA", "project \(project)") {
                altp_quota_usage(directory.raw, project, &bytes, &inodes)
            }
        } catch  where error.number == ENOENT || error.number == ESRCH {
            // Nothing ever counted for it.
            return Usage(bytes: 0, inodes: 0)
        }
        return Usage(bytes: Int64(clamping: bytes), inodes: Int64(clamping: inodes))
    }

    /// - Parameters:
    ///   - bytes: what the project's files may hold in all; nil for no limit.
    ///   - inodes: how many there may be; nil for no limit.
    package static func limit(
        _ project: UInt32, bytes: Int64?, inodes: Int64?, at directory: borrowing FileDescriptor
    ) throws(SystemError) {
        try check("quotactl Q_SETQUOTA", "project \(project)") {
            altp_quota_limit(directory.raw, project, UInt64(bytes ?? 0), UInt64(inodes ?? 0))
        }
    }

    /// Those of a range of projects that have a limit, and nothing that counts for them.
    package static func unusedLimits(
        in range: Range<UInt32>, at directory: borrowing FileDescriptor
    ) -> [UInt32] {
        var found: [UInt32] = []
        var project: UInt32 = 0
        var (isLimited, isUsed): (Int32, Int32) = (0, 0)
        var next = range.lowerBound
        while altp_quota_next(directory.raw, next, &project, &isLimited, &isUsed) == 0, project < range.upperBound {
            if isLimited == 1, isUsed == 0 { found.append(project) }
            guard project < .max else { break }
            next = project + 1
        }
        return found
    }

    /// Makes what is created in a directory from now on count for a project.
    package static func assign(
        _ project: UInt32, to directory: borrowing FileDescriptor, path: String
    ) throws(SystemError) {
        try check("set the project of", path) { altp_project_set(directory.raw, project) }
    }
}
