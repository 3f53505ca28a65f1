import API
import Glibc
import Synchronization
import Testing
import Wire

/// The server itself, over real connections, with handlers that need no Launcher.
@Suite struct HTTPServerTests {
    /// A sanitizer on a busy machine may hold up a test for longer than a client may be silent.
    private static let patient = {
        var limits = HTTPLimits()
        limits.idle = 300
        return limits
    }()

    private static func withServer(
        limits: HTTPLimits = patient, share: @escaping @Sendable (Peer) -> ConnectionShare? = { _ in nil },
        handler: @escaping HTTPServer.Handler, _ body: (String) async throws -> Void
    ) async throws {
        var template = Array("/tmp/altp-api-XXXXXX".utf8CString)
        let run = String(cString: try #require(mkdtemp(&template)))
        defer {
            for path in ["\(run)/altp.sock", "\(run)/api/altp.sock"] { unlink(path) }
            for path in ["\(run)/api", run] { rmdir(path) }
        }
        let server = try HTTPServer(
            socket: try ListeningSocket(run: run, group: nil), limits: limits, share: share, log: { _ in },
            handler: handler)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body("\(run)/altp.sock"))
        } catch {
            result = .failure(error)
        }
        await server.stop()
        try result.get()
    }

    private static let echo: HTTPServer.Handler = { request, connection in
        .later { echoed(request, connection) }
    }

    private static let echoAtOnce: HTTPServer.Handler = { .now(echoed($0, $1)) }

    private static func echoed(_ request: HTTPRequest, _ connection: HTTPConnection) -> HTTPResponse {
        guard case .local(let peer) = connection.peer else { return HTTPResponse(status: 500) }
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        let text = "\(request.method) \(request.path) \(query) \(request.body.count) \(peer.uid) \(peer.pid)"
        return HTTPResponse(status: 200, headers: [.init("Content-Type", "text/plain")], body: Array(text.utf8))
    }

    private static func get(_ target: String, headers: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\r\n"
    }

    private static func status(_ response: String) -> String {
        String(response.split(separator: "\r\n").first?.split(separator: " ").dropFirst().first ?? "none")
    }

    @Test(arguments: [false, true])
    func tellsTheHandlerWhatWasSentAndByWhom(atOnce: Bool) async throws {
        try await Self.withServer(handler: atOnce ? Self.echoAtOnce : Self.echo) { path in
            let response = await UnixClient.exchange(path, Self.get("/a%2Fb/c?x=1&y=%20"))
            #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(response.contains("Cache-Control: no-store\r\n"))
            #expect(response.hasSuffix("\r\n\r\nGET [\"a/b\", \"c\"] x=1&y=  0 \(getuid()) \(getpid())"))
        }
    }

    @Test(arguments: [false, true])
    func answersHeadWithoutABody(atOnce: Bool) async throws {
        try await Self.withServer(handler: atOnce ? Self.echoAtOnce : Self.echo) { path in
            let request = "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let response = await UnixClient.exchange(path, request)
            #expect(Self.status(response) == "200")
            #expect(response.contains("Content-Type: text/plain\r\n"))
            #expect(response.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func headersCannotBeForged() async throws {
        try await Self.withServer(handler: { _, _ in
            .now(HTTPResponse(status: 200, headers: [.init("Location", "/x\r\nSet-Cookie: a=b")]))
        }) { path in
            #expect(await UnixClient.exchange(path, Self.get("/")).contains("Set-Cookie") == false)
        }
    }

    @Test(arguments: ["/%zz", "/%00", "*", "/%ff", "/a?b=%", "/\u{7f}%"])
    func answersMalformedTargetsWithAProblem(target: String) async throws {
        try await Self.withServer(handler: Self.echo) { path in
            let response = await UnixClient.exchange(path, Self.get(target))
            #expect(Self.status(response) == "400")
            #expect(response.contains("application/problem+json"))
            #expect(response.contains("urn:altp:problem:malformed"))
        }
    }

    @Test(arguments: [
        "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
    ])
    func survivesMalformedRequests(request: String) async throws {
        try await Self.withServer(handler: Self.echo) { path in
            _ = await UnixClient.onThread {
                let client = UnixClient(path: path)
                client?.send(Array(request.utf8))
            }
            #expect(Self.status(await UnixClient.exchange(path, Self.get("/alive"))) == "200")
        }
    }

    @Test func refusesHugeHeaders() async throws {
        try await Self.withServer(handler: Self.echo) { path in
            let one = "X-Long: \(String(repeating: "a", count: 1 << 20))\r\n"
            let response = await UnixClient.exchange(path, Self.get("/", headers: one))
            #expect(["431", "413", "none"].contains(Self.status(response)))
            let many = String(repeating: "X-Many: 1\r\n", count: 20_000)
            let second = await UnixClient.exchange(path, Self.get("/", headers: many))
            #expect(["431", "413", "none"].contains(Self.status(second)))
            #expect(
                Self.status(await UnixClient.exchange(path, Self.get("/" + String(repeating: "p", count: 60_000))))
                    != "200")
            #expect(Self.status(await UnixClient.exchange(path, Self.get("/alive"))) == "200")
        }
    }

    @Test func refusesAHugeBodyByItsAnnouncedLength() async throws {
        try await Self.withServer(handler: Self.echo) { path in
            let request = "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n"
            let response = await UnixClient.exchange(path, request)
            #expect(Self.status(response) == "413")
            #expect(response.contains("urn:altp:problem:too-large"))
            #expect(response.contains("A request's body may have at most 1048576 bytes."))
        }
    }

    @Test func takesABodyAsLargeAsTheLimit() async throws {
        try await Self.withServer(handler: Self.echo) { path in
            let body = String(repeating: "b", count: 1 << 20)
            let request =
                "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            #expect(await UnixClient.exchange(path, request + body).contains("POST [\"x\"]  1048576 "))
        }
    }

    @Test func refusesAHugeBodyInChunks() async throws {
        try await Self.withServer(handler: Self.echo) { path in
            let chunk = "10000\r\n\(String(repeating: "c", count: 65_536))\r\n"
            let head = "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            let over = head + String(repeating: chunk, count: 17) + "0\r\n\r\n"
            #expect(Self.status(await UnixClient.exchange(path, over)) == "413")
            let within = head + String(repeating: chunk, count: 16) + "0\r\n\r\n"
            #expect(Self.status(await UnixClient.exchange(path, within)) == "200")
            // One that never ends is cut off.
            let ended = await UnixClient.onThread {
                guard let client = UnixClient(path: path), client.send(Array(head.utf8)) else { return false }
                return (0..<1000).contains { _ in !client.send(Array(chunk.utf8)) }
            }
            #expect(ended)
        }
    }

    @Test func waitsForSlowBodiesWithoutHoldingUpOthers() async throws {
        try await Self.withServer(handler: Self.echo) { path in
            let slow = try #require(UnixClient(path: path))
            slow.send(Array("POST /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab".utf8))
            #expect(Self.status(await UnixClient.exchange(path, Self.get("/quick"))) == "200")
            slow.send(Array("cd".utf8))
            #expect(await UnixClient.onThread { slow.receiveAll() }.contains("POST [\"slow\"]  4 "))
        }
    }

    @Test func waitsForSlowHandlersWithoutHoldingUpOthers() async throws {
        let (stream, gate) = AsyncStream<Void>.makeStream()
        let first = Mutex<AsyncStream<Void>?>(stream)
        try await Self.withServer(handler: { request, peer in
            .later {
                if request.path == ["slow"], let stream = first.withLock({ $0.take() }) { for await _ in stream {} }
                return Self.echoed(request, peer)
            }
        }) { path in
            async let slow = UnixClient.exchange(path, Self.get("/slow"))
            for _ in 0..<20 { #expect(Self.status(await UnixClient.exchange(path, Self.get("/quick"))) == "200") }
            gate.finish()
            #expect(Self.status(await slow) == "200")
        }
    }

    @Test func closesIdleConnections() async throws {
        var limits = Self.patient
        limits.idle = 1
        try await Self.withServer(limits: limits, handler: Self.echo) { path in
            let idle = try #require(UnixClient(path: path))
            idle.send(Array("GET / HT".utf8))
            #expect(await UnixClient.onThread { idle.seesTheEnd() })
        }
    }

    @Test func answersAThousandClients() async throws {
        let most = Mutex((now: 0, peak: 0))
        try await Self.withServer(handler: { request, peer in
            .later {
                most.withLock {
                    $0.now += 1
                    $0.peak = max($0.peak, $0.now)
                }
                await Task.yield()
                most.withLock { $0.now -= 1 }
                return Self.echoed(request, peer)
            }
        }) { path in
            // Opened at once by a few threads, and answered while all are open.
            let answered = await UnixClient.onThread {
                let clients = (0..<1000).compactMap { _ in UnixClient(path: path) }
                for client in clients { client.send(Array(Self.get("/many").utf8)) }
                return clients.count { Self.status($0.receiveAll()) == "200" }
            }
            #expect(answered == 1000)
        }
        #expect(most.withLock { $0.peak } <= 1000)
    }

    @Test func boundsConnections() async throws {
        var limits = Self.patient
        limits.connections = 4
        try await Self.withServer(limits: limits, handler: Self.echo) { path in
            let answered = await UnixClient.onThread {
                var clients = (0..<4).compactMap { _ in UnixClient(path: path) }
                for client in clients { client.send(Array("GET /first HTTP/1.1\r\nHost: x\r\n".utf8)) }
                let fifth = UnixClient(path: path)
                fifth?.send(Array(Self.get("/fifth").utf8))
                let early = fifth?.isReadable(within: 50)
                clients.removeAll()
                return (early, fifth.map { Self.status($0.receiveAll()) })
            }
            #expect(answered == (false, "200"))
        }
    }

    @Test func boundsTheConnectionsOfOneShare() async throws {
        var limits = Self.patient
        limits.connectionsPerShare = 3
        let limited = Mutex(true)
        try await Self.withServer(
            limits: limits, share: { _ in limited.withLock { $0 } ? .sandbox(7) : nil }, handler: Self.echo
        ) { path in
            let statuses = await UnixClient.onThread {
                let held = (0..<3).compactMap { _ in UnixClient(path: path) }
                for client in held { client.send(Array("GET / HT".utf8)) }
                let fourth = UnixClient(path: path)
                fourth?.send(Array(Self.get("/").utf8))
                let refused = fourth.map { Self.status($0.receiveAll()) }
                // Others are not touched by it.
                limited.withLock { $0 = false }
                let other = UnixClient(path: path)
                other?.send(Array(Self.get("/").utf8))
                let answered = other.map { Self.status($0.receiveAll()) }
                limited.withLock { $0 = true }
                for client in held { client.send(Array("TP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)) }
                return [refused, answered] + held.map { Self.status($0.receiveAll()) }
            }
            #expect(statuses == ["none", "200", "200", "200", "200"])
            #expect(Self.status(await UnixClient.exchange(path, Self.get("/again"))) == "200")
        }
    }

    @Test func answersWhatIsUnderWayBeforeItStops() async throws {
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let (stream, gate) = AsyncStream<Void>.makeStream()
        var template = Array("/tmp/altp-api-XXXXXX".utf8CString)
        let run = String(cString: try #require(mkdtemp(&template)))
        defer {
            for path in ["\(run)/altp.sock", "\(run)/api/altp.sock"] { unlink(path) }
            for path in ["\(run)/api", run] { rmdir(path) }
        }
        let server = try HTTPServer(socket: try ListeningSocket(run: run, group: nil), log: { _ in }) { request, peer in
            .later {
                enter.finish()
                for await _ in stream {}
                return Self.echoed(request, peer)
            }
        }
        async let answer = UnixClient.exchange("\(run)/altp.sock", Self.get("/last"))
        for await _ in entered {}
        async let stopped: Void = server.stop()
        gate.finish()
        await stopped
        #expect(Self.status(await answer) == "200")
        // A process that another test starts just now has a copy of the socket until it executes its program.
        for _ in 0..<500 where UnixClient(path: "\(run)/altp.sock") != nil {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(UnixClient(path: "\(run)/altp.sock") == nil)
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await Self.withServer(handler: { request, peer in
            // Some at once, some later.
            request.path.first.flatMap(Int.init).map { $0 % 3 == 0 } ?? false
                ? Self.echoAtOnce(request, peer) : Self.echo(request, peer)
        }) { path in
            let requests = (0..<50).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined() + Self.get("/end")
            let response = await UnixClient.exchange(path, requests)
            let answers = response.components(separatedBy: "HTTP/1.1 200 OK")
            #expect(answers.count == 52)
            for (number, answer) in answers.dropFirst().dropLast().enumerated() {
                #expect(answer.contains("GET [\"\(number)\"]"))
            }
            #expect(response.contains("[\"end\"]"))
        }
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] {
        split(separator: separator, omittingEmptySubsequences: false)
    }
}
