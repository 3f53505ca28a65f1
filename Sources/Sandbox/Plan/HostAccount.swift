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
        while let entry = fgetpwent(file)?.pointee {
            if String(cString: entry.pw_name) == name || String(entry.pw_uid) == name {
                return HostAccount(uid: entry.pw_uid, gid: entry.pw_gid)
            }
        }
        throw SandboxError("looking up the user \(name), an owner of a mount: /etc/passwd has none of that name")
    }
}
