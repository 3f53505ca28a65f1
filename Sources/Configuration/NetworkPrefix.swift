import Glibc

/// An IP address, or all that begin with the same bits: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
package struct NetworkPrefix: Sendable, Hashable, CustomStringConvertible {
    /// Four or sixteen, in the network's order.
    package let address: [UInt8]
    /// How many bits count.
    package let length: Int

    package var isIPv6: Bool { address.count == 16 }
    package var isSingleAddress: Bool { length == address.count * 8 }

    /// A single address; nil for what is none.
    package init?(address text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            address = Array(bytes[..<4])
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            address = bytes
        } else {
            return nil
        }
        length = address.count * 8
    }

    private init(address: [UInt8], length: Int) {
        self.address = address
        self.length = length
    }

    /// Reads an address with or without `/` and a prefix's length.
    package init(parsing text: String) throws(NetworkEndpoint.Mistake) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let whole = NetworkPrefix(address: parts[0]) else {
            throw NetworkEndpoint.Mistake(message: "\(text.quoted) is no address, nor an address/prefix")
        }
        guard parts.count == 2 else {
            self = whole
            return
        }
        let isDecimal = !parts[1].isEmpty && parts[1].utf8.allSatisfy { (48...57).contains($0) }
        guard isDecimal, parts[1] == "0" || !parts[1].hasPrefix("0"), let length = Int(parts[1]), length <= whole.length
        else {
            throw NetworkEndpoint.Mistake(
                message: "expected a prefix from 0 to \(whole.length) after the /; got \(parts[1].quoted)")
        }
        let masked = whole.masked(to: length)
        guard masked.address == whole.address else {
            throw NetworkEndpoint.Mistake(
                message: "\(whole) has bits set after the first \(length); the network is \(masked)")
        }
        self = masked
    }

    private func masked(to length: Int) -> NetworkPrefix {
        var bytes = address
        for index in bytes.indices {
            let kept = min(max(length - index * 8, 0), 8)
            bytes[index] &= UInt8(truncatingIfNeeded: 0xff00 >> kept)
        }
        return NetworkPrefix(address: bytes, length: length)
    }

    /// Whether all addresses of the other one are in this one.
    package func contains(_ other: NetworkPrefix) -> Bool {
        other.address.count == address.count && other.length >= length && other.masked(to: length).address == address
    }

    /// Why no sandbox can reach any of it; nil when one can.
    package var unreachable: String? {
        let kinds = [
            ("127.0.0.0/8", "the sandbox's own loopback, which needs no entry; the host's cannot be reached"),
            ("::1/128", "the sandbox's own loopback, which needs no entry; the host's cannot be reached"),
            ("0.0.0.0/8", "no address of a host"), ("::/128", "no address of a host"),
            ("224.0.0.0/4", "multicast, which a sandbox cannot reach"),
            ("ff00::/8", "multicast, which a sandbox cannot reach"),
            ("255.255.255.255/32", "broadcast, which a sandbox cannot reach"),
            ("169.254.0.0/16", "link-local, which a sandbox cannot reach"),
            ("fe80::/10", "link-local, which a sandbox cannot reach"),
            ("::ffff:0:0/96", "an IPv4 address; write it as one"),
            ("198.19.255.0/24", "the network between a sandbox and its host, where nothing else can be reached"),
            ("fd00::/64", "the network between a sandbox and its host, where nothing else can be reached"),
        ]
        return kinds.first { kind in (try? NetworkPrefix(parsing: kind.0))?.contains(self) == true }?.1
    }

    package var description: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            inet_ntop(isIPv6 ? AF_INET6 : AF_INET, address, buffer.baseAddress!, socklen_t(buffer.count))
            let text = String(cString: buffer.baseAddress!)
            return isSingleAddress ? text : "\(text)/\(length)"
        }
    }
}
