import CLinux
import Glibc
import Linux

/// Removes groups, with what still runs in them.
///
/// When pid 1 has ended, so has all of its namespace; a dead process leaves its group a moment later. What is there beyond
/// that was put there from outside, and gets no more of the group's life.
enum CgroupRemoval {
    /// Some two seconds, which a process needs at most to end when the kernel does not hold it.
    private static let tries = 200

    /// - Returns: the groups that are still there.
    static func remove(_ directories: [String]) -> [Leftover] {
        // To look for children in all of a group's files takes longer than to remove it, as most can be at once.
        let busy = removeEmpty(directories)
        return removeChildren(of: busy) + busy.compactMap(remove)
    }

    /// Removes those that nothing is in, which takes no waiting.
    ///
    /// - Returns: the others.
    static func removeEmpty(_ directories: [String]) -> [String] {
        directories.filter { rmdir($0) != 0 && errno != ENOENT }
    }

    /// Removes the groups of sessions, which are below, with their own.
    ///
    /// - Parameter prefix: only those whose names begin so.
    static func removeChildren(of directories: [String], named prefix: String = "") -> [Leftover] {
        directories.flatMap { directory -> [Leftover] in
            guard let folder = try? FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY),
                // Beside its files a group has only its children as links.
                let names = try? DirectoryEntries.folders(folder.raw, path: directory)
            else { return [] }
            return remove(names.filter { $0.hasPrefix(prefix) }.map { "\(directory)/\($0)" })
        }
    }

    private static func remove(_ directory: String) -> Leftover? {
        for attempt in 0..<tries {
            if rmdir(directory) == 0 || errno == ENOENT { return nil }
            guard errno == EBUSY else { break }
            // At first it is only a matter of moments.
            if attempt >= 5 { endAll(directory) }
            usleep(attempt < 5 ? 2000 : 10_000)
        }
        return Leftover(
            path: directory, reason: SystemError("rmdir", directory),
            remedy: "end what cgroup.procs there and in the groups below names, and remove the group with rmdir")
    }

    private static func endAll(_ group: String) {
        // Version 1: a frozen process does not see its end. Where the controller is another's, so is the decision.
        try? writeControlFile("\(group)/freezer.state", "THAWED")
        if (try? writeControlFile("\(group)/cgroup.kill", "1")) != nil { return }
        for pid in members(group) {
            let process = altp_pidfd_open(pid)
            guard process >= 0 else { continue }
            defer { close(process) }
            // Still listed: so the number was not given to another process before we opened it.
            if members(group).contains(pid) { _ = altp_pidfd_send_signal(process, SIGKILL) }
        }
    }

    private static func members(_ group: String) -> [Int32] {
        ((try? readFile("\(group)/cgroup.procs")) ?? "").split(separator: "\n").compactMap { Int32($0) }
    }
}
