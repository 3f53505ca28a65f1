import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Webhooks in: what a partner posts becomes an Event.
    @Suite struct HookTests {
        private static let files = [
            "tasks/scene.yaml": """
            on_event: scene
            params: {scene: {type: string, required: true}, cloud: {type: number, default: 7}}
            policy: small
            scripts: [{name: work, run: 'echo "$PARAM_SCENE $PARAM_CLOUD"'}]

            """,
            "webhooks/archive.yaml": """
            description: Scenes that the archive announces
            type: scene
            id: "${body.scene.id}"
            params: {scene: "${body.scene.id}", cloud: "${body.scene.cloud?}"}
            # letmein
            token_sha256: 1c8bfe8f801d79745c4631d09fff36c82aa37fc4cce4fc946683d7b336b63032

            """,
        ]

        private static func post(
            _ host: Host, _ name: String, _ body: String, _ headers: String...
        ) throws -> UnixRequest.Answer {
            let lines =
                ["POST /api/v1/hooks/\(name) HTTP/1.1", "Host: altp", "Connection: close"] + headers + [
                    "Content-Type: application/json", "Content-Length: \(body.utf8.count)", "", body,
                ]
            return try UnixRequest.exchange(host.socket, Array(lines.joined(separator: "\r\n").utf8))
        }

        @Test func aPartnersPostBecomesAnEvent() throws {
            try withHost(Self.files) { host in
                let body = #"{"scene": {"id": "LC8", "cloud": 12.5}, "more": [1, 2]}"#
                let bearer = "Authorization: Bearer letmein"
                let answer = try Self.post(host, "archive", body, bearer)
                #expect(answer.status == 201)
                let receipt = try WireJSON.decode(EventReceiptView.self, from: Array(answer.body.utf8))
                #expect(receipt.event.key == "LC8" && receipt.event.source == "webhook:archive" && !receipt.duplicate)
                let id = try #require(receipt.event.processings?.first)
                try host.ended(id)
                #expect(try host.altp("logs", "\(id)") == "LC8 12.5\n")
                // The same once more does nothing.
                let again = try Self.post(host, "archive", body, "X-Altp-Token: letmein")
                #expect(again.status == 200 && again.body.contains(#""duplicate":true"#))
                #expect(try host.processings().count == 1)
                // What is left out falls back to the Task's own.
                let other = try Self.post(host, "archive", #"{"scene": {"id": "LC9"}}"#, bearer)
                let second = try WireJSON.decode(EventReceiptView.self, from: Array(other.body.utf8))
                let next = try #require(second.event.processings?.first)
                try host.ended(next)
                #expect(try host.altp("logs", "\(next)") == "LC9 7\n")
            }
        }

        /// The key of a request tells an answer again to whoever made it, and nobody knows who posts before the token is read.
        @Test func anAnswerIsNotRepeatedToWhoIsNoPartner() throws {
            try withHost(Self.files) { host in
                let body = #"{"scene": {"id": "LC8"}}"#
                let key = #"Idempotency-Key: "once""#
                #expect(try Self.post(host, "archive", body, "Authorization: Bearer letmein", key).status == 201)
                #expect(try Self.post(host, "archive", body, key).status == 401)
                // The Event's own key keeps it one.
                let again = try Self.post(host, "archive", body, "Authorization: Bearer letmein", key)
                #expect(again.status == 200 && again.body.contains(#""duplicate":true"#))
            }
        }

        @Test func whoIsNoPartnerIsRefused() throws {
            try withHost(Self.files) { host in
                let body = #"{"scene": {"id": "LC8"}}"#
                let wrong = try Self.post(host, "archive", body, "Authorization: Bearer letmein2")
                // Root itself is no partner.
                let none = try Self.post(host, "archive", body)
                let unknown = try Self.post(host, "nowhere", body, "Authorization: Bearer letmein")
                for answer in [wrong, none, unknown] { #expect(answer.status == 401) }
                // Whether there is such a webhook is not told.
                func detail(_ answer: UnixRequest.Answer) throws -> String {
                    try WireJSON.decode(Problem.self, from: Array(answer.body.utf8)).detail
                }
                #expect(try detail(wrong) == detail(unknown))
                #expect(try host.processings().isEmpty)
                let missing = try Self.post(host, "archive", "{}", "Authorization: Bearer letmein")
                #expect(missing.status == 422 && missing.body.contains("body.scene.id"))
                let broken = try Self.post(host, "archive", "{", "Authorization: Bearer letmein")
                #expect(broken.status == 400)
            }
        }

        @Test func aSignedPostIsTakenAndReloadTakesNewFiles() throws {
            try withHost(Self.files) { host in
                try host.root.write("secret", "key\n", mode: 0o600)
                try host.write(
                    "webhooks/git.yaml",
                    """
                    type: "${body.kind}"
                    id: "${header.X-GitHub-Delivery}"
                    params: {scene: "${body.ref}"}
                    signature: {secret_file: \(host.root.path)/secret}

                    """)
                try host.altp("task", "reload")
                let body = #"{"kind": "scene", "ref": "main"}"#
                let sign = try ChildProcess([
                    "/usr/bin/python3", "-B", "-c",
                    "import hmac, sys; print(hmac.digest(b'key', sys.argv[1].encode(), 'sha256').hex())", body,
                ]).wait().output.split(separator: "\n")[0]
                let good = try Self.post(
                    host, "git", body, "X-Hub-Signature-256: sha256=\(sign)", "X-GitHub-Delivery: d-1")
                #expect(good.status == 201 && good.body.contains(#""key":"d-1""#), "\(good.body)")
                let bad = try Self.post(
                    host, "git", body + " ", "X-Hub-Signature-256: sha256=\(sign)", "X-GitHub-Delivery: d-2")
                #expect(bad.status == 401)
                // Without its secret it lets nobody in, and says where to look.
                try FileManager.default.removeItem(atPath: "\(host.root.path)/secret")
                let lost = try Self.post(
                    host, "git", body, "X-Hub-Signature-256: sha256=\(sign)", "X-GitHub-Delivery: d-3")
                #expect(lost.status == 503)
                #expect(host.log.contains("secret: No such file"))
            }
        }

        @Test func aBrokenFileIsToldWithItsPlace() throws {
            let host = try Host(["webhooks/x.yaml": "type: a\nid: \"${bdoy.x}\"\nparms: {}\n"])
            defer { host.close() }
            let check = try host.run("check", host.configuration)
            #expect(check.status == 1)
            let text = check.output + check.errors
            #expect(text.contains("webhooks/x.yaml:2:5: id: ${bdoy.x}: expected ${body.NAME} or ${header.NAME}"))
            #expect(text.contains("webhooks/x.yaml:3:1: unknown key \"parms\"; did you mean \"params\"?"))
            #expect(text.contains("or anybody could post"))
        }
    }
}
