import Glibc

/// A user of the host.
struct HostAccount: Sendable, Hashable {
    var uid: UInt32
    var gid: UInt32

    /// Finds a user by name or number in `/etc/passwd`.
    ///
    /// Not through getpwnam(3): this also runs in a static executable, where glibc cannot load its name service modules.
    static func named(_ name: String) throws(SandboxError) -> HostAccount {
        guard let file = fopen("/etc/passwd", "re") else {
            throw SandboxError("looking up the user \(name): open /etc/passwd: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        // Other threads look users up too: each has an entry and a line of its own.
        var size = 4096
        var line = UnsafeMutablePointer<CChar>.allocate(capacity: size)
        defer { line.deallocate() }
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        while true {
            let result = fgetpwent_r(file, &entry, line, size, &found)
            if result == ERANGE, size < 1 << 20 {
                // The line is read again: glibc goes back to where it began.
                line.deallocate()
                size *= 4
                line = .allocate(capacity: size)
                continue
            }
            guard result == 0, found != nil else { break }
            if String(cString: entry.pw_name) == name || String(entry.pw_uid) == name {
                return HostAccount(uid: entry.pw_uid, gid: entry.pw_gid)
            }
        }
        throw SandboxError("looking up the user \(name), an owner of a mount: /etc/passwd has none of that name")
    }
}
