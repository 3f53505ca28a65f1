import Glibc

extension TimeZoneRules {
    /// Where Debian's tzdata puts the database.
    package static let database = "/usr/share/zoneinfo"

    /// The largest zone of the database is under 4 KiB; 1 MiB is certainly not a zone.
    private static let largestFile = 1 << 20

    /// Reads a zone of the host's tz database by name, `Europe/Berlin`. `UTC` and `Etc/UTC` need no database.
    package static func load(named name: String) throws(TimeZoneError) -> TimeZoneRules {
        guard isName(name) else { throw .invalidName(name) }
        if name == "UTC" || name == "Etc/UTC" { return .utc }
        let path = "\(database)/\(name)"
        return try TimeZoneRules(name: name, tzif: read(path, of: name))
    }

    /// Letters, digits, `_`, `+`, `-` in parts between single slashes: no `..`, no absolute path.
    private static func isName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 128 else { return false }
        return name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty
                && part.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"),
                        UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
    }

    private static func read(_ path: String, of name: String) throws(TimeZoneError) -> [UInt8] {
        func failure(_ call: String) -> TimeZoneError {
            .unreadable(path: path, call: call, reason: String(cString: strerror(errno)))
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            guard errno == ENOENT || errno == ENOTDIR else { throw failure("open") }
            throw access(database, F_OK) == 0 ? .unknown(name) : .noDatabase(name: name, directory: database)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .unknown(name) }
        guard status.st_size <= largestFile else {
            throw .malformed(name: name, problem: "it has \(status.st_size) bytes")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while bytes.count <= largestFile {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read") }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }
}
