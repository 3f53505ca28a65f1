/// Where a Launcher on another host is: `https://altp.example:8470`.
struct ServerAddress: Hashable, CustomStringConvertible {
    var isEncrypted: Bool
    var host: String
    var port: UInt16

    /// - Throws: what is wrong with the URL, as a phrase that follows it.
    init(parsing text: String) throws(Mistake) {
        let rest: Substring
        if text.hasPrefix("https://") {
            isEncrypted = true
            rest = text.dropFirst(8)
        } else if text.hasPrefix("http://") {
            isEncrypted = false
            rest = text.dropFirst(7)
        } else {
            throw Mistake(message: "begins with neither https:// nor http://")
        }
        let authority = rest.hasSuffix("/") ? rest.dropLast() : rest
        guard !authority.contains(where: { "/?#@".contains($0) }) else {
            throw Mistake(message: "has more than a host and a port; the token goes into $ALTP_TOKEN or --token-file")
        }
        var host = authority
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw Mistake(message: "lacks a bracket ]") }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let after = authority[authority.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw Mistake(message: "has no port after the bracket") }
            if !after.isEmpty { port = after.dropFirst() }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        let isHost =
            !host.isEmpty
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: "-._:".utf8.contains(byte)
                }
            } && !host.hasPrefix("-")
        guard isHost, host.contains(":") == authority.hasPrefix("[") else {
            throw Mistake(message: "names no host; an IPv6 address stands in brackets")
        }
        self.host = String(host)
        guard let port else {
            self.port = isEncrypted ? 443 : 80
            return
        }
        guard let number = UInt16(port), number > 0 else { throw Mistake(message: "has no port from 1 to 65535") }
        self.port = number
    }

    struct Mistake: Error, Hashable {
        var message: String
    }

    /// As a Host header has it.
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether what is sent does not leave this host.
    var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    var description: String { "\(isEncrypted ? "https" : "http")://\(authority)" }
}
