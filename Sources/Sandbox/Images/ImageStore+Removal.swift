import FoundationEssentials
import Glibc
import Linux

extension ImageStore {
    /// Removes an image in all its versions, if no sandbox uses one.
    ///
    /// - Returns: what could not be removed; nil when there is no such image.
    package func remove(_ name: String) throws(SandboxError) -> [Leftover]? {
        guard currentVersion(of: name) != nil || !versions(of: name).isEmpty else { return nil }
        let lock = try NameLock.take(name, in: self)
        defer { withExtendedLifetime(lock) {} }
        var holds: [ImageHold] = []
        for version in versions(of: name) {
            if let hold = try lockForRemoval("\(place(of: name))/\(version)") { holds.append(hold) }
        }
        defer { withExtendedLifetime(holds) {} }
        unlink("\(place(of: name))/current")
        var leftovers: [Leftover] = []
        for version in versions(of: name) {
            if let rest = try removeVersion("\(place(of: name))/\(version)") { leftovers.append(rest) }
        }
        NameLock.forget(name, in: self)
        return leftovers
    }

    /// Removes the versions that a newer one has replaced and that no sandbox uses any more. For the name's holder.
    func removeFormerVersions(of name: String) throws(SandboxError) -> [Leftover] {
        let current = currentVersion(of: name)
        var leftovers: [Leftover] = []
        for version in versions(of: name) where version != current {
            let path = "\(place(of: name))/\(version)"
            guard let hold = try? lockForRemoval(path) else { continue }
            if let rest = try removeVersion(path) { leftovers.append(rest) }
            withExtendedLifetime(hold) {}
        }
        return leftovers
    }

    /// Takes a version's lock for oneself; nil when it has none, as after a removal that was cut short.
    private func lockForRemoval(_ path: String) throws(SandboxError) -> ImageHold? {
        do throws(SystemError) {
            let lock = try FileDescriptor.open("\(path)/lock", O_RDONLY | O_NOFOLLOW)
            if flock(lock.raw, LOCK_EX | LOCK_NB) == 0 { return ImageHold(lock) }
            guard errno == EWOULDBLOCK else { throw SystemError("flock", "\(path)/lock") }
        } catch  where error.number == ENOENT {
            return nil
        } catch {
            throw SandboxError("locking the image: \(error)")
        }
        let users = Self.users(of: "\(path)/lock")
        let text = users.isEmpty ? "a sandbox that has just ended" : users.joined(separator: ", ")
        throw SandboxError("the image \(path) is in use by \(text). Wait for its end, or cancel it")
    }

    private func removeVersion(_ path: String) throws(SandboxError) -> Leftover? {
        // Who has opened the lock meanwhile finds that it has no name any more.
        unlink("\(path)/lock")
        return try SandboxEngine.removeTreeNow(path)
    }

    /// The sandboxes whose pid 1 has this lock open: by their attempts' names where these can be told.
    private static func users(of lock: String) -> [String] {
        var users: [String] = []
        for pid in entries("/proc", most: .max).compactMap({ Int32($0) }) where pid != getpid() && has(pid, lock) {
            // Pid 1 has its attempt's directory as descriptor 4.
            let attempt = AttemptDirectory(path: "/proc/\(pid)/fd/4")
            let reference = (try? attempt.readSpecification())?.reference
            users.append("\(reference ?? "a process") (pid \(pid))")
        }
        return users
    }

    private static func has(_ pid: Int32, _ path: String) -> Bool {
        var wanted = stat()
        guard stat(path, &wanted) == 0 else { return false }
        return entries("/proc/\(pid)/fd", most: .max).contains { descriptor in
            var status = stat()
            return stat("/proc/\(pid)/fd/\(descriptor)", &status) == 0 && status.st_ino == wanted.st_ino
                && status.st_dev == wanted.st_dev
        }
    }
}
