import Glibc
import Testing
import Wire

extension EndToEnd {
    /// What clients on TCP are allowed.
    @Suite struct ClientLimitTests {
        @Test func tooManyRequestsAreToldWhenToComeAgain() throws {
            try withRemoteHost(limits: "{requests_per_second: 1, burst: 5}") { remote in
                let ann = try remote.token("ann")
                let bob = try remote.token("bob")
                let answers = try (0..<20).map { _ in try remote.send("GET", "/api/v1/tasks", token: ann) }
                #expect(answers.prefix(5).allSatisfy { $0.status == 200 })
                let refused = try #require(answers.last { $0.status == 429 })
                #expect(refused.head.contains("\r\nretry-after: "))
                #expect(refused.head.contains("application/problem+json"))
                #expect(refused.body.contains("urn:altp:problem:too-many-requests"))
                // From the same address: another token, and one without.
                #expect(try remote.send("GET", "/api/v1/tasks", token: bob).status == 200)
                let guesses = try (0..<20).map { try remote.send("GET", "/x", token: "guess\($0)").status }
                #expect(guesses.prefix(5).allSatisfy { $0 == 401 })
                #expect(guesses.contains(429))
                // Whoever guesses keeps neither other addresses nor valid tokens out.
                #expect(try remote.send("GET", "/x", token: "guess", origin: 9).status == 401)
                #expect(try remote.send("GET", "/api/v1/tasks", token: bob).status == 200)
                // The Unix socket has no such limit.
                for _ in 0..<30 {
                    #expect(try UnixRequest.send(remote.host.socket, "GET", "/api/v1/tasks").status == 200)
                }
            }
        }

        @Test func oneClientHasItsShareOfConnections() throws {
            try withRemoteHost(limits: "{connections_per_client: 4, requests_per_second: 1000, burst: 1000}") {
                remote in
                let held = try (0..<4).map { _ in try remote.connect() }
                defer { for descriptor in held { close(descriptor) } }
                // The fifth is closed before it is heard, and one of another address is not.
                #expect(try remote.send("GET", "/healthz").status == nil)
                #expect(try remote.send("GET", "/healthz", origin: 9).status == 200)
                // A token's connections count together, wherever they come from.
                let token = try remote.token("ann")
                let request = "GET /api/v1/tasks HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n"
                var statuses: [String] = []
                var open: [Int32] = []
                defer { for descriptor in open { close(descriptor) } }
                for origin in UInt8(20)..<26 {
                    let descriptor = try remote.connect(origin: origin)
                    open.append(descriptor)
                    var buffer = [UInt8](repeating: 0, count: 65_536)
                    _ = Array(request.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, 0) }
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    statuses.append(String(decoding: buffer[9..<max(12, count)].prefix(3), as: UTF8.self))
                }
                #expect(statuses == ["200", "200", "200", "200", "429", "429"])
            }
        }

        @Test func sizesAreSettings() throws {
            try withRemoteHost(limits: "{body: 2K, header: 4K}") { remote in
                let token = try remote.token("ann", "--role", "operator")
                let long = "{\"type\": \"\(String(repeating: "x", count: 2100))\", \"key\": \"1\"}"
                #expect(try remote.send("POST", "/api/v1/events", token: token, body: long).status == 413)
                #expect(
                    try UnixRequest.send(remote.host.socket, "POST", "/api/v1/events", Array(long.utf8)).status == 413)
                let header = "X-Long: \(String(repeating: "x", count: 8000))"
                let status = try remote.send("GET", "/api/v1/tasks", token: token, headers: [header]).status
                #expect(status == 431 || status == nil)
                #expect(try remote.send("GET", "/api/v1/tasks", token: token).status == 200)
            }
        }

        @Test func strangersSendNoLongBodies() throws {
            try withRemoteHost { remote in
                let token = try remote.token("ann", "--role", "operator")
                let body =
                    "{\"type\": \"x\", \"key\": \"1\", \"params\": {\"x\": \"\(String(repeating: "x", count: 100_000))\"}}"
                #expect(try remote.send("POST", "/api/v1/events", token: token, body: body).status == 201)
                let stranger = try remote.send("POST", "/api/v1/events", body: body)
                #expect(stranger.status == 413)
                #expect(stranger.body.contains("at most 65536 bytes"))
                #expect(try remote.send("POST", "/api/v1/events", body: "{}").status == 401)
            }
        }

        @Test(.enabled(if: RemoteHost.hasIPv6, "this host has no ::1"))
        func eachAddressStandsForItself() throws {
            let port = try RemoteHost.freePort()
            try withHost([:], settings: ["api: {listen: [\"[::1]:\(port)\", \(port)]}"]) { host in
                let remote = RemoteHost(host: host, port: port)
                let token = try remote.token("ann", "--role", "admin")
                let ended = try remote.altp(
                    ["event", "send", "x", "--id", "1", "--server", "http://[::1]:\(port)"], token: token)
                #expect(ended.status == 0, "\(ended.errors)")
                #expect(try remote.altp(["event", "send", "x", "--id", "2"], token: token).status == 0)
                let origins = try remote.audit("--path", "/api/v1/events").map(\.origin)
                #expect(origins.count == 2)
                #expect(origins[0].hasPrefix("127.0.0.1:"))
                #expect(origins[1].hasPrefix("[::1]:"))
            }
        }

        @Test func browsersAreKeptAtADistance() throws {
            try withRemoteHost(api: ["hosts: [altp.example]"]) { remote in
                let token = try remote.token("ann")
                let answer = try remote.send(
                    "GET", "/api/v1/tasks", token: token, headers: ["Origin: https://evil.example"])
                #expect(answer.status == 200)
                for header in [
                    "x-content-type-options: nosniff", "cache-control: no-store", "referrer-policy: no-referrer",
                    "content-security-policy: default-src 'none'; frame-ancestors 'none'",
                    "cross-origin-resource-policy: same-origin",
                ] {
                    #expect(answer.head.contains("\r\n\(header)"), "\(header)")
                }
                #expect(!answer.head.contains("access-control"))
                #expect(!answer.head.contains("strict-transport-security"))
                let preflight = try remote.send(
                    "OPTIONS", "/api/v1/tasks", token: token,
                    headers: ["Origin: https://evil.example", "Access-Control-Request-Method: POST"])
                #expect(!preflight.head.contains("access-control"))
                for name in ["evil.example", "evil.example:\(remote.port)", "127.0.0.1.evil.example", ""] {
                    let rebound = try remote.send("GET", "/healthz", hostHeader: name)
                    #expect(rebound.status == 421 || name.isEmpty && rebound.status == 400, "\(name): \(rebound)")
                }
                for name in ["localhost", "127.0.0.1:80", "[::1]:\(remote.port)", "altp.example", "ALTP.example:443"] {
                    #expect(try remote.send("GET", "/healthz", hostHeader: name).status == 200, "\(name)")
                }
            }
        }

        @Test func anAddressInUseIsNamed() throws {
            let port = try RemoteHost.freePort()
            try withHost([:], settings: ["api: {listen: \(port)}"]) { first in
                let second = try Host([:], settings: ["api: {listen: \(port)}"])
                defer { second.close() }
                let failure = #expect(throws: TestFailure.self) { try second.start() }
                let text = failure?.description ?? ""
                #expect(text.contains("cannot listen on 127.0.0.1:\(port)") && text.contains("Another program"))
                #expect(first.isRunning)
            }
        }
    }
}
