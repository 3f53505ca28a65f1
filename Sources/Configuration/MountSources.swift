import Glibc

/// Which of the host's places policies may hand in.
package struct MountSources: Sendable, Hashable {
    /// The folders that sources lie in; nil for the whole host.
    package var roots: [String]?
    /// The Launcher's own folders, which hold other sandboxes' files and its socket.
    package var own: [String]

    /// What acts on the host or shows all of it, and where `altp run` keeps its locks.
    private static let kernels = ["/proc", "/sys", "/dev", "/run/altp-run"]

    package init(_ host: HostConfiguration = HostConfiguration()) {
        roots = host.mountRoots
        own = [host.state, host.run]
    }

    /// What is wrong with a source, as the end of a sentence that begins with it; nil when it may be mounted now.
    ///
    /// Pid 1 follows no link either when it opens the source, so what is swapped for one later is refused there.
    package func refusal(of source: String) -> String? {
        for place in Self.kernels where Self.overlap(source, place) {
            return source == place || source.hasPrefix(place + "/")
                ? "lies in \(place), which is never handed to a sandbox"
                : "holds \(place), which is never handed to a sandbox; mount what is needed of it"
        }
        for place in own where Self.overlap(source, place) {
            return "overlaps \(place), a folder of the Launcher's own; mount what is needed beside it"
        }
        if let roots, !roots.contains(where: { $0 == "/" || source == $0 || source.hasPrefix($0 + "/") }) {
            return "lies outside of altp.yaml's mount_roots, which are \(roots.joined(separator: ", "))"
        }
        return Self.missing(source)
    }

    private static func overlap(_ one: String, _ other: String) -> Bool {
        one == "/" || one == other || one.hasPrefix(other + "/") || other.hasPrefix(one + "/")
    }

    /// Walks the path, so that a link in its middle is found too.
    static func missing(_ path: String) -> String? {
        var place = ""
        for part in path.split(separator: "/") {
            place += "/\(part)"
            var status = stat()
            guard lstat(place, &status) == 0 else {
                let reason = String(cString: strerror(errno))
                return place == path ? "cannot be found: \(reason)" : "cannot be found: \(place): \(reason)"
            }
            if status.st_mode & S_IFMT == S_IFLNK {
                var text = "is reached through the symbolic link \(place), and no link is followed"
                if let real = realpath(path, nil) {
                    text += "; it leads to \(String(cString: real))"
                    free(real)
                }
                return text
            }
        }
        return nil
    }
}
