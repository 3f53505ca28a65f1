package import Configuration
import Glibc
import Linux

/// A socket that listens on a TCP address.
package struct TCPListener: ~Copyable, Sendable {
    let descriptor: FileDescriptor
    package let address: ListenAddress

    package init(_ address: ListenAddress) throws(HTTPServerError) {
        self.address = address
        do throws(SystemError) {
            let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
            let family = address.isIPv6 ? AF_INET6 : AF_INET
            let name = address.description
            let listener = FileDescriptor(owning: try check("socket", name) { socket(family, type, 0) })
            var on: Int32 = 1
            let size = socklen_t(MemoryLayout<Int32>.size)
            // A restart must not wait for the connections of the one before (TIME_WAIT).
            try check("setsockopt", name) { setsockopt(listener.raw, SOL_SOCKET, SO_REUSEADDR, &on, size) }
            // Each address stands for itself: [::] beside 0.0.0.0 is no conflict, and [::] alone no surprise.
            if address.isIPv6 {
                try check("setsockopt", name) { setsockopt(listener.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size) }
            }
            try check("bind", name) { Self.bind(listener.raw, address) }
            try check("listen", name) { Glibc.listen(listener.raw, 512) }
            descriptor = listener
        } catch {
            throw HTTPServerError("cannot listen on \(address): \(error).\(Self.advice(error.number))")
        }
    }

    /// Gives the descriptor away; who takes it closes it.
    consuming func take() -> Int32 { descriptor.take() }

    private static func advice(_ number: Int32) -> String {
        switch number {
        case EADDRINUSE: " Another program listens there (ss -ltnp): stop it, or give api: listen: another port"
        case EADDRNOTAVAIL: " The host has no such address (ip address): correct api: listen:"
        case EACCES: " A port below 1024 takes root or CAP_NET_BIND_SERVICE"
        default: ""
        }
    }

    private static func bind(_ descriptor: Int32, _ address: ListenAddress) -> Int32 {
        if address.isIPv6 {
            var name = sockaddr_in6()
            name.sin6_family = sa_family_t(AF_INET6)
            name.sin6_port = address.port.bigEndian
            withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: address.bytes) }
            return with(&name) { Glibc.bind(descriptor, $0, $1) }
        }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = address.port.bigEndian
        withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: address.bytes) }
        return with(&name) { Glibc.bind(descriptor, $0, $1) }
    }

    private static func with<Name>(
        _ name: inout Name, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Name>.size)) }
        }
    }
}
