import FoundationEssentials
import Glibc
import Wire

/// A host whose API listens on a TCP port of the loopback.
struct RemoteHost {
    let host: Host
    let port: UInt16
    var scheme = "http"
    var environment: [String: String] = [:]

    /// A request, on a connection of its own.
    ///
    /// - Parameters:
    ///   - origin: the last byte of the client's address, 127.0.0.N, so that one test can be several clients.
    ///   - hostHeader: nil for what a browser or curl would send.
    func send(
        _ method: String, _ target: String, token: String? = nil, body: String = "", headers: [String] = [],
        hostHeader: String? = nil, origin: UInt8 = 1, seconds: Int = 10
    ) throws -> UnixRequest.Answer {
        let descriptor = try connect(origin: origin, seconds: seconds)
        defer { close(descriptor) }
        var head = "\(method) \(target) HTTP/1.1\r\nHost: \(hostHeader ?? "127.0.0.1:\(port)")\r\nConnection: close\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for header in headers { head += "\(header)\r\n" }
        if !body.isEmpty { head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n" }
        return UnixRequest.exchange(over: descriptor, Array((head + "\r\n" + body).utf8))
    }

    func connect(origin: UInt8 = 1, seconds: Int = 10) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw TestFailure("socket: \(String(cString: strerror(errno)))") }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var own = Self.address([127, 0, 0, origin], port: 0)
        var other = Self.address([127, 0, 0, 1], port: port)
        guard Self.with(&own, { bind(descriptor, $0, $1) }) == 0,
            Self.with(&other, { Glibc.connect(descriptor, $0, $1) }) == 0
        else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw TestFailure("connect 127.0.0.1:\(port): \(reason)")
        }
        return descriptor
    }

    /// The command, as it is used from another machine.
    func altp(_ arguments: [String], token: String?, seconds: Double = 60) throws -> ChildProcess.Ended {
        var variables = environment.merging(["ALTP_SERVER": "\(scheme)://127.0.0.1:\(port)"]) { own, _ in own }
        variables["ALTP_TOKEN"] = token ?? ""
        return try ChildProcess([Installation.path(of: "altp")] + arguments, environment: variables)
            .wait(seconds: seconds)
    }

    /// Makes a token; the secret.
    func token(_ name: String, _ arguments: String...) throws -> String {
        let ended = try host.run(["token", "create", name] + arguments)
        guard ended.status == 0, ended.output.hasPrefix("altp_") else {
            throw TestFailure("altp token create \(name): \(ended.output)\(ended.errors)")
        }
        return String(ended.output.dropLast())
    }

    func audit(_ arguments: String...) throws -> [AuditView] {
        let ended = try host.run(["audit", "--all", "-o", "json"] + arguments)
        guard ended.status == 0 else { throw TestFailure("altp audit: \(ended.errors)") }
        return try WireJSON.decode(PageView<AuditView>.self, from: Array(ended.output.utf8)).items
    }

    static var hasIPv6: Bool {
        (try? String(contentsOfFile: "/proc/net/if_inet6", encoding: .utf8))?
            .contains("00000000000000000000000000000001") ?? false
    }

    /// One that nobody listens on.
    static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var name = address([127, 0, 0, 1], port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        guard with(&name, { bind(descriptor, $0, $1) }) == 0,
            withUnsafeMutablePointer(
                to: &name,
                { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) } }) == 0
        else { throw TestFailure("bind: \(String(cString: strerror(errno)))") }
        return UInt16(bigEndian: name.sin_port)
    }

    private static func address(_ bytes: [UInt8], port: UInt16) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &name.sin_addr) { $0.copyBytes(from: bytes) }
        return name
    }

    private static func with(
        _ name: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}

/// As `withHost`, with an API on TCP.
///
/// - Parameter limits: of `api: limits:`, in YAML's flow style.
func withRemoteHost(
    _ files: [String: String] = [:], limits: String = "{}", api: [String] = [], _ body: (RemoteHost) throws -> Void
) throws {
    let port = try RemoteHost.freePort()
    let settings = ["api:", "  listen: [\(port)]", "  limits: \(limits)"] + api.map { "  \($0)" }
    try withHost(files, settings: settings) { try body(RemoteHost(host: $0, port: port)) }
}
