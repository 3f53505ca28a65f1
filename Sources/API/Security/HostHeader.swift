import Configuration

/// What a request says of the host it is for (RFC 9110, section 7.2).
///
/// A page of a stranger can make its own name mean 127.0.0.1 (DNS rebinding), and then is of one origin with what listens
/// there; its requests still name it as their host. So a listener on the loopback answers to the loopback's names alone.
package enum HostHeader {
    /// - Parameter names: those of `api: hosts:`, in lower case.
    package static func isAccepted(_ header: String?, names: [String], door: Door) -> Bool {
        guard door.kind != .unixSocket else { return true }
        // Without names a host that is reached from elsewhere does not know its own.
        if door.kind == .network, names.isEmpty { return header != nil }
        guard let header, let host = host(in: header) else { return false }
        if names.contains(host) { return true }
        if door.kind == .network { return isAddress(host) }
        return host == "localhost" || host == "::1" || host.hasPrefix("127.") && isAddress(host)
    }

    /// In lower case, without the port, a last dot and brackets.
    static func host(in header: String) -> String? {
        var text = header[...]
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || isPort(rest) else { return nil }
            text = text[text.index(after: text.startIndex)..<end]
            return text.lowercased()
        }
        if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            guard isPort(text[colon...]) else { return nil }
            text = text[..<colon]
        }
        if text.hasSuffix(".") { text = text.dropLast() }
        return text.isEmpty ? nil : text.lowercased()
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.first == UInt8(ascii: ":") && text.utf8.dropFirst().allSatisfy { (48...57).contains($0) }
            && text.utf8.count <= 6
    }

    private static func isAddress(_ text: String) -> Bool { NetworkPrefix(address: text) != nil }
}
