import Glibc
import Linux
import Wire

/// The API's Unix socket in the file system: `RUN/api/altp.sock`, and `RUN/altp.sock`, a link to it.
///
/// `RUN/api` is what sandboxes get, as a directory, so that they see the socket of a restarted daemon. The socket itself
/// is open to all, because a sandbox's uid is none that file permissions could name; users of the host are kept out by the
/// mode of `RUN`, and whoever connects is judged by the kernel's word on who it is.
package struct ListeningSocket: ~Copyable, Sendable {
    let descriptor: FileDescriptor
    package let path: String

    /// - Parameters:
    ///   - run: made when it is missing, mode 0750.
    ///   - group: may enter `run`; nil leaves it to its owner.
    package init(run: String, group: UInt32?) throws(HTTPServerError) {
        let folder = "\(run)/api"
        let path = "\(folder)/\(WirePath.socketName)"
        let link = "\(run)/\(WirePath.socketName)"
        do throws(SystemError) {
            try Self.makeFolder(run, mode: 0o750)
            if let group, geteuid() == 0 { try check("chown", run) { chown(run, 0, group) } }
            try Self.makeFolder(folder, mode: 0o755)
        } catch {
            throw HTTPServerError("cannot make the run folder: \(error)")
        }
        let listener = try Self.listen(at: path)
        do throws(SystemError) {
            try check("chmod", path) { chmod(path, 0o666) }
            try Self.remove(link)
            try check("symlink", link) { symlink("api/\(WirePath.socketName)", link) }
        } catch {
            throw HTTPServerError("cannot publish the API's socket: \(error)")
        }
        descriptor = listener
        self.path = path
    }

    /// Gives the descriptor away; who takes it closes it.
    consuming func take() -> Int32 { descriptor.take() }

    private static func makeFolder(_ path: String, mode: mode_t) throws(SystemError) {
        var missing: [String] = []
        var parent = path.split(separator: "/").dropLast()[...]
        while !parent.isEmpty, access(absolute(parent), F_OK) != 0 {
            missing.append(absolute(parent))
            parent = parent.dropLast()
        }
        for folder in missing.reversed() { try makeOne(folder, mode: 0o755) }
        try makeOne(path, mode: mode)
        // mkdir's mode went through the umask, and an older folder may have another.
        try check("chmod", path) { chmod(path, mode) }
    }

    private static func absolute(_ components: ArraySlice<Substring>) -> String {
        "/" + components.joined(separator: "/")
    }

    private static func makeOne(_ path: String, mode: mode_t) throws(SystemError) {
        do throws(SystemError) {
            try check("mkdir", path) { mkdir(path, mode) }
        } catch  where error.number == EEXIST {}
    }

    private static func listen(at path: String) throws(HTTPServerError) -> FileDescriptor {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw HTTPServerError(
                "the socket's path \(path) is longer than the 107 bytes that a socket's path may have (unix(7)); "
                    + "choose a shorter run folder with --run")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        if isAlive(address) {
            throw HTTPServerError(
                "another Launcher listens on \(path); stop it, or choose another run folder with --run")
        }
        do throws(SystemError) {
            try remove(path)
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            let listener = FileDescriptor(owning: try check("socket", path) { socket(AF_UNIX, type, 0) })
            try check("bind", path) { withAddress(&address) { bind(listener.raw, $0, $1) } }
            try check("listen", path) { Glibc.listen(listener.raw, 512) }
            return listener
        } catch {
            throw HTTPServerError("cannot listen on the API's socket: \(error)")
        }
    }

    /// Somebody accepts connections at the address. A socket that a dead process left refuses them.
    private static func isAlive(_ address: sockaddr_un) -> Bool {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let probe = FileDescriptor(owning: socket(AF_UNIX, type, 0))
        var address = address
        // EAGAIN: its backlog is full, so somebody holds it.
        return withAddress(&address) { connect(probe.raw, $0, $1) } == 0 || errno == EAGAIN
    }

    private static func withAddress(
        _ address: inout sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }

    private static func remove(_ path: String) throws(SystemError) {
        do throws(SystemError) {
            try check("unlink", path) { unlink(path) }
        } catch  where error.number == ENOENT {}
    }
}
