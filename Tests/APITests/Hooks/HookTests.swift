import Configuration
import Delivery
import Glibc
import Linux
import Testing
import Wire

@testable import API

@Suite struct HookTests {
    private static let post = #"""
        {"scene": {"id": "LC8", "tags": ["a", "b"], "cloud": 12.5, "big": 18446744073709551615, "day": true, "none": null},
         "list": [{"x": 1}, {"x": 2}], "nul": "a\u0000b", "long": "LONG"}
        """#

    private static func template(_ text: String) throws -> HookTemplate { try HookTemplate(parsing: text) }

    private static func event(
        _ params: [String: String], type: String = "scene", id: String = "${body.scene.id}",
        body: String = post, headers: [String: String] = ["x-delivery": "d-1"]
    ) throws -> HookMapping.Event {
        var webhook = WebhookDefinition(name: "w", type: try template(type), key: try template(id))
        webhook.params = try params.mapValues(template)
        let value = try WireJSON.decode(JSONValue.self, from: Array(body.utf8))
        return try HookMapping(webhook: webhook, body: value, headers: headers).event()
    }

    @Test(
        arguments: [
            ("${body.scene.id}", "LC8"), ("${body.scene.cloud}", "12.5"), ("${body.scene.day}", "true"),
            ("${body.scene.big}", "18446744073709551615"), ("${body.scene.tags.1}", "b"), ("${body.list.0.x}", "1"),
            ("${body.scene.none:-none}", "none"), ("${body.nothing:-a:-b}", "a:-b"), ("${body.nothing:-}", ""),
            ("${header.X-Delivery}", "d-1"), ("a-${body.scene.id}-${body.list.1.x}$$", "a-LC8-2$"), ("fixed", "fixed"),
            ("${body.nothing?}", nil), ("${body.scene.tags.2?}", nil), ("${body.scene.tags.01?}", nil),
            ("${body.scene.id.x?}", nil), ("${body.scene.id?}", "LC8"),
        ] as [(String, String?)])
    func fillsIn(template: String, expected: String?) throws {
        #expect(try Self.event(["p": template]).params["p"] == expected)
    }

    @Test(arguments: [
        ("${body.nothing}", "needs body.nothing, which is missing"),
        ("${body.scene.none}", "needs body.scene.none, which is missing"),
        ("${header.other}", "needs header.other, which is missing"), ("${body.scene}", "and gets more"),
        ("${body.list}", "and gets more"), ("${body}", "and gets more"), ("${body.nul}", "NUL"),
    ])
    func refuses(template: String, expected: String) throws {
        let refusal = #expect(throws: HookMapping.Refusal.self) { try Self.event(["p": template]) }
        #expect(refusal?.field == "params.p")
        #expect(refusal?.detail.contains(expected) == true, "\(refusal?.detail ?? "")")
    }

    @Test func boundsValues() throws {
        let body = #"{"scene": {"id": "1"}, "long": "\#(String(repeating: "x", count: 32 << 10))"}"#
        #expect(try Self.event(["p": "${body.long}"], body: body).params["p"]?.utf8.count == 32 << 10)
        #expect(throws: HookMapping.Refusal.self) { try Self.event(["p": "${body.long}!"], body: body) }
        #expect(throws: HookMapping.Refusal.self) { try Self.event([:], id: "${body.long}${body.long}", body: body) }
    }

    @Test(arguments: [
        "$", "$x", "${", "${body", "${}", "${body..x}", "${body.}", "${param.x}", "${header}", "${header.a.b}",
        "${header.a b}", "x${body.y?}",
    ])
    func templatesAreChecked(text: String) {
        #expect(throws: HookTemplate.Problem.self) { try HookTemplate(parsing: text) }
    }

    // MARK: Credentials

    /// printf %s letmein | sha256sum
    private static let hash = "1c8bfe8f801d79745c4631d09fff36c82aa37fc4cce4fc946683d7b336b63032"

    private static func withSecret(_ content: String, _ body: (String) throws -> Void) throws {
        var template = Array("/tmp/altp-secret-XXXXXX".utf8CString)
        let file = FileDescriptor(owning: mkstemp(&template))
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { unlink(path) }
        try file.writeAll(Array(content.utf8))
        try body(path)
    }

    private static func webhook(_ change: (inout WebhookDefinition) -> Void) throws -> WebhookDefinition {
        var webhook = WebhookDefinition(name: "w", type: try template("a"), key: try template("b"))
        change(&webhook)
        return webhook
    }

    @Test(arguments: [
        (["authorization": "Bearer letmein"], true), (["authorization": "bearer  letmein"], true),
        (["x-altp-token": "letmein"], true), (["authorization": "Bearer letmeim"], false),
        (["authorization": "letmein"], false), (["authorization": "Basic letmein"], false), ([:], false),
        (["x-altp-token": ""], false), (["authorization": "Bearer letmein\n"], false),
        // The first that is given counts.
        (["x-altp-token": "wrong", "authorization": "Bearer letmein"], false),
    ])
    func looksAtTheToken(headers: [String: String], expected: Bool) throws {
        let byHash = try Self.webhook { $0.token = .hash(Self.hash) }
        #expect(try HookCredentials(webhook: byHash).accept(headers: headers, body: []) == expected)
        try Self.withSecret("letmein\n") { path in
            let byFile = try Self.webhook { $0.token = .file(path) }
            #expect(try HookCredentials(webhook: byFile).accept(headers: headers, body: []) == expected)
        }
    }

    /// GitHub's example: "Validating webhook deliveries".
    private static let secret = "It's a Secret to Everybody"
    private static let gitHub = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    @Test(arguments: [
        ("sha256=\(gitHub)", "Hello, World!", true), (gitHub, "Hello, World!", true),
        (gitHub.uppercased(), "Hello, World!", true), ("sha256=\(gitHub)", "Hello, World", false),
        ("sha256=", "Hello, World!", false), ("", "Hello, World!", false), ("sha1=\(gitHub)", "Hello, World!", false),
        (String(gitHub.dropLast()), "Hello, World!", false),
    ])
    func looksAtTheSignature(header: String, body: String, expected: Bool) throws {
        try Self.withSecret(Self.secret) { path in
            let webhook = try Self.webhook { $0.signature = .init(secretFile: path) }
            let headers = ["x-hub-signature-256": header]
            #expect(
                try HookCredentials(webhook: webhook).accept(headers: headers, body: Array(body.utf8)) == expected)
            #expect(try !HookCredentials(webhook: webhook).accept(headers: [:], body: Array(body.utf8)))
            // Where there is a token too, one alone is not enough.
            let both = try Self.webhook {
                $0.signature = .init(secretFile: path)
                $0.token = .hash(Self.hash)
            }
            let credentials = HookCredentials(webhook: both)
            #expect(try !credentials.accept(headers: headers, body: Array(body.utf8)))
            #expect(try !credentials.accept(headers: ["x-altp-token": "letmein"], body: Array(body.utf8)))
            #expect(
                try credentials.accept(
                    headers: headers.merging(["x-altp-token": "letmein"]) { $1 }, body: Array(body.utf8)) == expected)
        }
    }

    @Test func anEmptySecretLetsNobodyIn() throws {
        for content in ["", "\n", "  \n"] {
            try Self.withSecret(content) { path in
                let webhook = try Self.webhook { $0.token = .file(path) }
                #expect(throws: HookCredentials.Unusable.self) {
                    try HookCredentials(webhook: webhook).accept(headers: ["x-altp-token": ""], body: [])
                }
            }
        }
        let missing = try Self.webhook { $0.signature = .init(secretFile: "/no/such/file") }
        #expect(throws: HookCredentials.Unusable.self) {
            try HookCredentials(webhook: missing).accept(headers: [:], body: [])
        }
        // One without any secret is never made of a file; it would be nobody's.
        #expect(try !HookCredentials(webhook: try Self.webhook { _ in }).accept(headers: [:], body: []))
    }
}
