import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Whatever comes in over TCP, the Unix socket answers.
    @Suite struct CrowdTests {
        private static let tasks = ["tasks/job.yaml": "policy: small\nscripts: [{name: work, run: echo done}]\n"]

        /// What an answer may take on a busy machine. Without a server of its own the socket would not answer at all.
        private static let patience = 10.0

        /// Asks over the Unix socket while something goes on, and gives the seconds of each answer.
        private static func ask(_ host: Host, while isGoing: () -> Bool) throws -> [Double] {
            var times: [Double] = []
            while isGoing() {
                let begin = Self.now
                // It gives up after ten seconds.
                let answer = try UnixRequest.send(host.socket, "GET", "/api/v1/tasks")
                #expect(answer.status == 200)
                times.append(Self.now - begin)
                usleep(20_000)
            }
            return times.sorted()
        }

        private static var now: Double {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }

        /// Opens 600 connections of 20 addresses and sends a byte of a request on each from time to time, for 15 seconds;
        /// those that the server closes are opened again. Prints how many were closed at which age.
        private static let loris = """
            import select, socket, sys, time
            port, seconds, want = int(sys.argv[1]), 15, 600
            head = b"GET /api/v1/tasks HTTP/1.1\\r\\nHost: localhost\\r\\nX-Slow: "
            connections, opened, closed, oldest = {}, 0, 0, 0
            begin = time.monotonic()
            while time.monotonic() < begin + seconds:
                while len(connections) < want:
                    s = socket.socket()
                    s.setblocking(False)
                    s.bind((f"127.0.0.{100 + opened % 20}", 0))
                    s.connect_ex(("127.0.0.1", port))
                    connections[s] = [time.monotonic(), 0]
                    opened += 1
                for s, (since, sent) in list(connections.items()):
                    try:
                        s.send(head[sent:sent + 1] or b"x")
                        connections[s][1] += 1
                        if s.recv(1) == b"": raise ConnectionResetError
                    except BlockingIOError: continue
                    except OSError:
                        closed += 1
                        if sent > 3: oldest = max(oldest, time.monotonic() - since)
                        del connections[s]
                        s.close()
                time.sleep(0.3)
            print(opened, closed, round(oldest, 1))
            """

        @Test func halfOpenRequestsHoldUpNobody() throws {
            let limits = "{connections: 100, connections_per_client: 8, request_time: 2s, requests_per_second: 1000}"
            try withRemoteHost(Self.tasks, limits: limits) { remote in
                let token = try remote.token("ann")
                #expect(try remote.send("GET", "/api/v1/tasks", token: token).status == 200)
                let attacker = try ChildProcess(["python3", "-B", "-c", Self.loris, "\(remote.port)"])
                // All the while: the socket answers, work goes on, and an honest client gets its turn.
                let id = try remote.host.trigger("job")
                let times = try Self.ask(remote.host) { attacker.isRunning }
                #expect(try remote.host.ended(id).outcome == "success")
                #expect(times.count > 20, "\(times.count) answers in 15 s")
                #expect((times.last ?? 0) < Self.patience)
                let report = try attacker.wait().output.split(separator: " ").compactMap {
                    Double($0.filter { $0 != "\n" })
                }
                #expect(report.count == 3)
                // It was a crowd, and its connections did not stay.
                #expect(report[0] > 600)
                #expect(report[1] > 100)
                let answer = try remote.send("GET", "/api/v1/tasks", token: token, seconds: 30)
                #expect(answer.status == 200)
            }
        }

        /// One that drips for ever is cut off, whatever the library's own limit for silence is.
        @Test func aRequestMustComeToItsEnd() throws {
            try withRemoteHost(limits: "{request_time: 2s}") { remote in
                let descriptor = try remote.connect()
                defer { close(descriptor) }
                let begin = Self.now
                var byte: UInt8 = 0x47
                var isOpen = true
                while isOpen, Self.now < begin + 30 {
                    isOpen = send(descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) == 1
                    var buffer: UInt8 = 0
                    if recv(descriptor, &buffer, 1, Int32(MSG_DONTWAIT)) == 0 { isOpen = false }
                    usleep(100_000)
                }
                #expect(!isOpen)
                #expect(Self.now - begin >= 2)
                // A body too, after a head that is in time.
                let second = try remote.connect()
                defer { close(second) }
                let head = Array("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n".utf8)
                #expect(head.withUnsafeBytes { send(second, $0.baseAddress, $0.count, 0) } == head.count)
                var buffer = [UInt8](repeating: 0, count: 100)
                #expect(recv(second, &buffer, 100, 0) == 0)
                // Who is in time is served again and again on one connection.
                let third = try remote.connect()
                defer { close(third) }
                let request = Array("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
                for _ in 0..<4 {
                    #expect(request.withUnsafeBytes { send(third, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } > 0)
                    var answer = [UInt8](repeating: 0, count: 4096)
                    #expect(recv(third, &answer, 4096, 0) > 0)
                    usleep(900_000)
                }
            }
        }

        /// Sends requests as fast as it can, on 64 connections of several addresses, for 8 seconds.
        private static let flood = """
            import collections, socket, sys, threading, time
            port, token, seconds = int(sys.argv[1]), sys.argv[2], 8
            counts, lock = collections.Counter(), threading.Lock()
            def work(number):
                own, end = collections.Counter(), time.monotonic() + seconds
                secret = token if number % 2 else "altp_aaaaaaaaaaaa_" + "a" * 52
                request = f"GET /api/v1/processings HTTP/1.1\\r\\nHost: localhost\\r\\nAuthorization: Bearer {secret}\\r\\n\\r\\n".encode()
                while time.monotonic() < end:
                    try:
                        with socket.socket() as s:
                            s.settimeout(5)
                            s.bind((f"127.0.0.{100 + number % 8}", 0))
                            s.connect(("127.0.0.1", port))
                            for _ in range(50):
                                s.sendall(request * 20)
                                text = b""
                                while text.count(b"HTTP/1.1 ") < 20:
                                    data = s.recv(65536)
                                    if not data: break
                                    text += data
                                for part in text.split(b"HTTP/1.1 ")[1:]: own[part[:3].decode()] += 1
                                if text.count(b"HTTP/1.1 ") < 20: raise ConnectionResetError
                                if time.monotonic() > end: break
                    except OSError: own["lost"] += 1
                with lock: counts.update(own)
            threads = [threading.Thread(target=work, args=(n,)) for n in range(64)]
            for t in threads: t.start()
            for t in threads: t.join()
            print(*(f"{name}={count}" for name, count in sorted(counts.items())))
            """

        @Test func aFloodHoldsUpNobody() throws {
            try withRemoteHost(Self.tasks, limits: "{connections: 64, connections_per_client: 16}") { remote in
                let token = try remote.token("ann")
                let attacker = try ChildProcess(["python3", "-B", "-c", Self.flood, "\(remote.port)", token])
                let id = try remote.host.trigger("job")
                let times = try Self.ask(remote.host) { attacker.isRunning }
                #expect(try remote.host.ended(id).outcome == "success")
                #expect(times.count > 10, "\(times.count) answers in 8 s")
                #expect((times.last ?? 0) < Self.patience)
                let ended = try attacker.wait()
                var counts: [Substring: Int] = [:]
                for part in ended.output.split(whereSeparator: { " \n".contains($0) }) {
                    let sides = part.split(separator: "=")
                    if sides.count == 2 { counts[sides[0]] = Int(sides[1]) }
                }
                // It was a flood; what was more than its share was refused; and none of it broke anything.
                #expect(counts["429", default: 0] > 2000, "\(ended.output) \(ended.errors)")
                #expect(counts.keys.allSatisfy { ["200", "401", "429", "lost"].contains($0) }, "\(counts)")
                #expect(counts["200", default: 0] < 100 + 50 * 20)
                #expect(try remote.send("GET", "/healthz", origin: 9).status == 200)
                // The log is not flooded along.
                #expect(remote.host.log.split(separator: "\n").count < 200)
            }
        }
    }
}
