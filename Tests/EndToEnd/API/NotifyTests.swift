import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Webhooks out, and mail: who is told that a Processing has ended.
    @Suite struct NotifyTests {
        private static let files = [
            "tasks/good.yaml": "policy: small\nscripts: [{name: work, run: exit 0}]\n",
            "tasks/bad.yaml": "policy: small\nscripts: [{name: work, run: exit 3}]\n",
        ]

        /// A receiver that answers with the statuses of its list, then with 204, and writes down what it gets.
        private final class Receiver {
            let folder: TemporaryFolder
            let process: ChildProcess
            private(set) var port = 0

            struct Received: Decodable {
                var path: String
                var headers: [String: String]
                var body: String
                var at: Double
            }

            private static let program = #"""
                import http.server, json, sys, time
                statuses = [int(word) for word in sys.argv[2].split(",") if word]
                delay = float(sys.argv[3])
                class Handler(http.server.BaseHTTPRequestHandler):
                    def do_POST(self):
                        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                        with open(sys.argv[1] + "/received", "a") as file:
                            file.write(json.dumps({"path": self.path, "body": body, "at": time.time(),
                                "headers": {k.lower(): v for k, v in self.headers.items()}}) + "\n")
                        time.sleep(delay)
                        status = statuses.pop(0) if statuses else 204
                        self.send_response(status)
                        if status in (301, 307): self.send_header("Location", "/elsewhere")
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                    def log_message(self, *args): pass
                server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
                print(server.server_address[1], flush=True)
                server.serve_forever()
                """#

            init(statuses: [Int] = [], delay: Double = 0) throws {
                folder = try TemporaryFolder()
                process = try ChildProcess([
                    "/usr/bin/python3", "-B", "-c", Self.program, folder.path,
                    statuses.map(String.init).joined(separator: ","), "\(delay)",
                ])
                let process = process
                port = try eventually("the receiver's port") { Int(process.output.split(separator: "\n").first ?? "") }
            }

            var url: String { "http://127.0.0.1:\(port)/told" }

            func received() throws -> [Received] {
                guard let data = try? Data(contentsOf: URL(filePath: "\(folder.path)/received")) else { return [] }
                return try String(decoding: data, as: UTF8.self).split(separator: "\n")
                    .map { try JSONDecoder().decode(Received.self, from: Data($0.utf8)) }
            }

            deinit {
                process.signal(SIGKILL)
                folder.remove()
            }
        }

        private static func deliveries(_ host: Host, _ arguments: String...) throws -> [DeliveryView] {
            let ended = try host.run(["deliveries", "-o", "json"] + arguments)
            guard ended.status == 0 else { throw TestFailure(ended.errors) }
            return try WireJSON.decode(PageView<DeliveryView>.self, from: Array(ended.output.utf8)).items
        }

        @Test func tellsSignedAndUntilItIsTaken() throws {
            let receiver = try Receiver(statuses: [500, 307])
            let secret = try TemporaryFolder()
            defer { secret.remove() }
            try secret.write(
                "secret", "whsec_\(Data("a secret of some length".utf8).base64EncodedString())\n", mode: 0o600)
            let settings = [
                "notify: [{name: ops, url: '\(receiver.url)', secret_file: \(secret.path)/secret, outcomes: [failed]}]"
            ]
            try withHost(Self.files, settings: settings) { host in
                _ = try host.complete("good")
                let bad = try host.complete("bad")
                let first = try eventually("the first try") { try receiver.received().first }
                let waiting = try eventually("the first failure is told of") {
                    try Self.deliveries(host).first { $0.tries == 1 }
                }
                #expect(waiting.state == "waiting" && waiting.response == 500 && waiting.dueAt != nil)
                // Asked for again, it is tried at once; a redirection is not followed.
                try host.altp("delivery", "redeliver", "\(waiting.id)")
                _ = try eventually("the second try") { try receiver.received().count == 2 ? true : nil }
                _ = try eventually("the third, by itself", seconds: 20) {
                    try receiver.received().count == 3 ? true : nil
                }
                let done = try eventually("it is delivered") {
                    try Self.deliveries(host, "--state", "delivered").first
                }
                #expect(done.processing == bad.id && done.target == "ops" && done.response == 204 && done.error == nil)
                let all = try receiver.received()
                #expect(Set(all.map(\.path)) == ["/told"])
                // The same id and body every time.
                #expect(Set(all.map { $0.headers["webhook-id"] ?? "" }) == [done.key])
                #expect(Set(all.map(\.body)).count == 1)
                let view = try WireJSON.decode(NotificationView.self, from: Array(first.body.utf8))
                #expect(view.type == "processing.failed" && view.data.id == bad.id && view.data.outcome == "hard")
                #expect(view.timestamp == bad.endedAt)
                for message in all {
                    let check = try ChildProcess([
                        "/usr/bin/python3", "-B", "-c",
                        """
                        import base64, hmac, sys, time
                        id, at, signature, body = sys.argv[1:]
                        content = f"{id}.{at}.{body}".encode()
                        expected = "v1," + base64.b64encode(hmac.digest(b"a secret of some length", content, "sha256")).decode()
                        assert hmac.compare_digest(expected, signature), (expected, signature)
                        assert abs(time.time() - int(at)) < 60
                        """, message.headers["webhook-id"] ?? "", message.headers["webhook-timestamp"] ?? "",
                        message.headers["webhook-signature"] ?? "", message.body,
                    ]).wait()
                    #expect(check.status == 0, "\(check.errors)")
                }
                // No success was told of.
                #expect(try Self.deliveries(host).count == 1)
            }
        }

        @Test func nothingIsLostWhenTheLauncherIsKilled() throws {
            let receiver = try Receiver(delay: 0.4)
            let settings = [
                "notify: [{name: all, url: '\(receiver.url)', outcomes: [success, failed], tasks: [good, bad]}]"
            ]
            try withHost(Self.files, settings: settings) { host in
                var ids: Set<Int64> = []
                for round in 0..<3 {
                    for task in ["good", "bad", "good"] { ids.insert(try host.trigger(task)) }
                    usleep(useconds_t(150_000 * (round + 1)))
                    try host.end(SIGKILL)
                    try host.start()
                }
                for id in ids { try host.ended(id) }
                _ = try eventually("all are told") {
                    let told = try receiver.received().map {
                        try WireJSON.decode(NotificationView.self, from: Array($0.body.utf8)).data.id
                    }
                    return Set(told) == ids ? true : nil
                }
                _ = try eventually("all are delivered") {
                    try Self.deliveries(host, "--state", "delivered").count == ids.count ? true : nil
                }
                // Each Processing's has one id, however often it was told.
                var keys: [Int64: Set<String>] = [:]
                for message in try receiver.received() {
                    let id = try WireJSON.decode(NotificationView.self, from: Array(message.body.utf8)).data.id
                    keys[id, default: []].insert(message.headers["webhook-id"] ?? "")
                }
                #expect(keys.values.allSatisfy { $0.count == 1 })
                #expect(Set(keys.values.flatMap { $0 }).count == ids.count)
            }
        }

        @Test func oneThatDoesNotAnswerHoldsUpNobody() throws {
            let slow = try Receiver(delay: 30)
            let quick = try Receiver()
            let settings = [
                "notify:", "  - {name: slow, url: '\(slow.url)', outcomes: [success], timeout: 500ms, retry_for: 0s}",
                "  - {name: closed, url: 'http://127.0.0.1:1/', outcomes: [success]}",
                "  - {name: quick, url: '\(quick.url)', outcomes: [success]}",
            ]
            try withHost(Self.files, settings: settings) { host in
                let ids = try (0..<8).map { _ in try host.trigger("good") }
                for id in ids { try host.ended(id) }
                // Each at least once: an answer that comes too late for the Launcher is asked for again.
                _ = try eventually("the quick one knows", seconds: 25) {
                    let told = try quick.received().map {
                        try WireJSON.decode(NotificationView.self, from: Array($0.body.utf8)).data.id
                    }
                    return Set(told) == Set(ids) ? true : nil
                }
                let failed = try eventually("the slow one is given up") {
                    let failed = try Self.deliveries(host, "--target", "slow", "--state", "failed")
                    return failed.count == ids.count ? failed : nil
                }
                #expect(failed.allSatisfy { $0.error?.contains("imed out") == true }, "\(failed[0].error ?? "")")
                #expect(host.log.contains("slow could not be told of Processing"))
                let closed = try Self.deliveries(host, "--target", "closed")
                #expect(closed.allSatisfy { $0.state == "waiting" && $0.error?.contains("connect") == true })
            }
        }

        @Test func sendsMail() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write(
                "sendmail",
                """
                #!/bin/sh
                echo "arguments: $*" >>\(folder.path)/calls
                [ -e \(folder.path)/down ] && { echo 'the queue is full'; exit 75; }
                cat >\(folder.path)/mail.new
                env >>\(folder.path)/environment
                mv \(folder.path)/mail.new \(folder.path)/mail

                """, mode: 0o755)
            try folder.write("down", "", mode: 0o600)
            let settings = [
                "notify: [{name: mail, mail: [\(folder.path)/sendmail, -t, -i, 'a b; touch /tmp/x'], to: [ops@example.org], from: altp@example.org, tasks: bad}]"
            ]
            try withHost(Self.files, settings: settings) { host in
                let bad = try host.complete("bad")
                let waiting = try eventually("the first try fails") {
                    try Self.deliveries(host).first { $0.tries == 1 }
                }
                #expect(waiting.response == 75 && waiting.error == "exit status 75: the queue is full\n")
                try FileManager.default.removeItem(atPath: "\(folder.path)/down")
                try host.altp("delivery", "redeliver", "\(waiting.id)")
                let mail = try eventually("the mail") {
                    try? String(contentsOfFile: "\(folder.path)/mail", encoding: .utf8)
                }
                #expect(mail.hasPrefix("From: altp@example.org\nTo: ops@example.org\nSubject: [altp "))
                #expect(mail.contains("] bad \(bad.id): failed (hard)\n"))
                #expect(mail.contains("Message-ID: <\(waiting.key)@"))
                let read = try ChildProcess([
                    "/usr/bin/python3", "-B", "-c",
                    """
                    import email, email.policy, sys
                    message = email.message_from_file(open(sys.argv[1]), policy=email.policy.default)
                    assert not message.defects, message.defects
                    assert message["date"].datetime
                    print(message.get_content())
                    """, "\(folder.path)/mail",
                ]).wait()
                #expect(read.status == 0, "\(read.errors)")
                #expect(read.output.contains("Reason:   exit status 3"), "\(read.output)")
                #expect(read.output.contains("altp enter \(bad.id)"))
                #expect(
                    try String(contentsOfFile: "\(folder.path)/calls", encoding: .utf8)
                        .hasPrefix("arguments: -t -i a b; touch /tmp/x\n"))
                let environment = try String(contentsOfFile: "\(folder.path)/environment", encoding: .utf8)
                #expect(!environment.contains("ALTP_"))
                _ = try eventually("it is delivered") { try Self.deliveries(host, "--state", "delivered").first }
            }
        }

        @Test func aWrongNotifyIsToldWithItsPlace() throws {
            let host = try Host(
                Self.files,
                settings: [
                    "notify:", "  - {name: a, url: 'ftp://x/'}", "  - {name: b, outcomes: [faild], url: 'https://x/'}",
                    "  - {name: c}", "  - {name: d, mail: [sendmail], to: 'x y'}",
                    "  - {name: e, url: 'https://x/', tasks: [god]}",
                ])
            defer { host.close() }
            let check = try host.run("check", host.configuration)
            let text = check.output + check.errors
            #expect(check.status == 1)
            for expected in [
                "url: expected one that begins with https:// or http://", "outcomes: expected one of failed, success",
                "missing key: a `url` that is called, or a `mail` command",
                "mail: expected the absolute path of a program",
                "to: expected a mail address", "notify: e: there is no tasks/god.yaml; did you mean \"good\"?",
            ] {
                #expect(text.contains(expected), "\(expected)\n\(text)")
            }
        }
    }
}
