import Configuration
import Glibc

/// Who is at the other end of a connection, as the kernel has it.
package enum Peer: Sendable, Hashable, CustomStringConvertible {
    /// A process of this host, on the Unix socket.
    case local(PeerCredentials)
    case remote(RemoteAddress)

    /// As the audit log has it: `pid 4711 uid 1000`, `192.0.2.7:50112`.
    package var description: String {
        switch self {
        case .local(let credentials): "pid \(credentials.pid) uid \(credentials.uid)"
        case .remote(let address): address.description
        }
    }
}

/// The other end of a TCP connection.
package struct RemoteAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four or sixteen bytes, in the network's order. An IPv4 address within IPv6 is an IPv4 address.
    package let bytes: [UInt8]
    package let port: UInt16

    package init(bytes: [UInt8], port: UInt16) {
        let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]
        self.bytes = bytes.count == 16 && bytes.starts(with: mapped) ? Array(bytes[12...]) : bytes
        self.port = port
    }

    /// Reads getpeername(2); nil when the connection has broken already.
    init?(descriptor: Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        let parts: (bytes: [UInt8], port: UInt16)? = withUnsafePointer(to: storage) { pointer in
            switch Int32(storage.ss_family) {
            case AF_INET:
                pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    var address = $0.pointee.sin_addr
                    return (withUnsafeBytes(of: &address) { Array($0) }, UInt16(bigEndian: $0.pointee.sin_port))
                }
            case AF_INET6:
                pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    var address = $0.pointee.sin6_addr
                    return (withUnsafeBytes(of: &address) { Array($0) }, UInt16(bigEndian: $0.pointee.sin6_port))
                }
            default: nil
            }
        }
        guard let parts else { return nil }
        self.init(bytes: parts.bytes, port: parts.port)
    }

    /// What is counted as one client: an IPv4 address, or the /64 of an IPv6 one, which is what one customer or host has.
    package var client: [UInt8] { bytes.count == 16 ? Array(bytes[..<8]) : bytes }

    package var description: String {
        let address = NetworkAddressText.of(bytes)
        return bytes.count == 16 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}

/// The listener that a connection came through.
package struct Door: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case unixSocket
        case loopback
        case network
    }

    package var kind: Kind
    package var isEncrypted: Bool

    package static let unixSocket = Door(kind: .unixSocket, isEncrypted: false)

    package init(kind: Kind, isEncrypted: Bool) {
        self.kind = kind
        self.isEncrypted = isEncrypted
    }
}

/// What connections are counted into, so that nobody takes all of them.
package enum ConnectionShare: Sendable, Hashable {
    /// A Processing's sandboxes, by their block of uids.
    case sandbox(UInt32)
    /// See `RemoteAddress.client`.
    case client([UInt8])
    case token(String)
}
