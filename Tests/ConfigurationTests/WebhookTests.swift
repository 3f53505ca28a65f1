import Testing

@testable import Configuration

@Suite struct WebhookTests {
    private static func read(_ text: String) throws -> (WebhookDefinition?, [String]) {
        let findings = Findings(file: "webhooks/w.yaml")
        let root = try YAMLReader.read(Array(text.utf8), file: "webhooks/w.yaml")
        let webhook = WebhookReader(findings: findings).webhook(root, name: "w")
        return (webhook, findings.diagnostics.map(\.description))
    }

    @Test func readsAWebhook() throws {
        let hash = String(repeating: "Ab", count: 32)
        let (webhook, problems) = try Self.read(
            """
            description: d
            type: scene
            id: "${body.a.0}-${header.X-Id:-none}"
            params: {scene: "${body.scene}", band: "${body.band?}", price: "$$5"}
            token_sha256: \(hash)
            signature: {secret_file: /etc/altp/s, header: X-Sign}

            """)
        #expect(problems == [])
        var expected = WebhookDefinition(
            name: "w", type: try HookTemplate(parsing: "scene"),
            key: try HookTemplate(parsing: "${body.a.0}-${header.x-id:-none}"))
        expected.description = "d"
        expected.params = [
            "scene": try HookTemplate(parsing: "${body.scene}"), "band": try HookTemplate(parsing: "${body.band?}"),
            "price": try HookTemplate(parsing: "$$5"),
        ]
        expected.token = .hash(hash.lowercased())
        expected.signature = .init(secretFile: "/etc/altp/s", header: "x-sign")
        #expect(webhook == expected)
        #expect(
            expected.key.parts == [
                .value(.body(["a", "0"]), .none), .text("-"), .value(.header("x-id"), .text("none")),
            ])
        #expect(expected.params["price"]?.parts == [.text("$5")])
    }

    @Test(arguments: [
        ("type: a\nid: b\n", "webhooks/w.yaml:1:1: missing key: a `token_file`, a `token_sha256` or a `signature`"),
        ("id: b\ntoken_file: /x\n", "webhooks/w.yaml:1:1: missing key \"type\""),
        ("type: a\nid: \"${x}\"\ntoken_file: /x\n", "webhooks/w.yaml:2:5: id: ${x}: expected ${body.NAME}"),
        ("type: a\nid: \"${body.x?}\"\ntoken_file: /x\n", "webhooks/w.yaml:2:5: id: must not be empty"),
        ("type: a\nid: \"\"\ntoken_file: /x\n", "webhooks/w.yaml:2:5: id: must not be empty"),
        ("type: a\nid: b\ntoken_file: x\n", "webhooks/w.yaml:3:13: token_file: expected an absolute path"),
        ("type: a\nid: b\ntoken_sha256: abc\n", "webhooks/w.yaml:3:15: token_sha256: expected 64 hexadecimal digits"),
        (
            "type: a\nid: b\ntoken_file: /x\ntoken_sha256: abc\n",
            "webhooks/w.yaml:4:15: token_sha256: there is a token_file already"
        ),
        ("type: a\nid: b\nsignature: {header: X}\n", "webhooks/w.yaml:3:12: missing key \"secret_file\""),
        ("type: a\nid: b\ntoken_file: /x\nparams: {Bad: x}\n", "webhooks/w.yaml:4:10: params: \"Bad\" is no name"),
        ("type: a\nid: b\ntoken_file: /x\nparams: {a: [1]}\n", "webhooks/w.yaml:4:13: params: a: expected a text"),
        (
            "type: a\nid: b\ntoken_flie: /x\n",
            "webhooks/w.yaml:3:1: unknown key \"token_flie\"; did you mean \"token_file\"?"
        ),
        ("[]\n", "webhooks/w.yaml:1:1: expected a webhook"),
    ])
    func saysWhatIsWrong(text: String, expected: String) throws {
        let (_, problems) = try Self.read(text)
        #expect(problems.contains { $0.hasPrefix(expected) }, "\(problems)")
    }

    // MARK: Those who are told

    private static func host(_ text: String) throws -> (HostConfiguration, [String]) {
        let findings = Findings(file: "altp.yaml")
        var host = HostConfiguration()
        _ = HostReader(findings: findings).read(
            try YAMLReader.read(Array(text.utf8), file: "altp.yaml"), into: &host)
        return (host, findings.diagnostics.map(\.description))
    }

    @Test func readsThoseWhoAreTold() throws {
        let (host, problems) = try Self.host(
            """
            notify:
              - {name: ops, url: "https://x.example/h?a=b", secret_file: /s, tasks: a, outcomes: [failed, success], timeout: 3s, retry_for: 1h}
              - {name: mail, mail: [/bin/m, -t], to: a@b.example, from: c@d.example}

            """)
        #expect(problems == [])
        var ops = NotificationTarget(
            name: "ops", channel: .webhook(url: "https://x.example/h?a=b", secretFile: "/s"))
        (ops.tasks, ops.outcomes) = (["a"], ["failed", "success"])
        (ops.timeout, ops.retryFor) = (Timespan(seconds: 3), Timespan(seconds: 3600))
        let mail = NotificationTarget(
            name: "mail", channel: .mail(command: ["/bin/m", "-t"], to: ["a@b.example"], from: "c@d.example"))
        #expect(host.notify == [ops, mail])
        #expect(mail.outcomes == ["failed"] && mail.tasks == nil)
    }

    @Test(arguments: [
        ("{name: a}", "missing key: a `url`"),
        ("{url: 'https://x'}", "missing key \"name\""),
        ("{name: A b, url: 'https://x'}", "name: \"A b\" is no name"),
        ("{name: a, url: 'https://user:word@x/'}", "url: expected one that begins with"),
        ("{name: a, url: 'file:///etc/passwd'}", "url: expected one that begins with"),
        ("{name: a, url: 'https://'}", "url: expected one that begins with"),
        ("{name: a, url: 'https://x y'}", "url: expected one that begins with"),
        ("{name: a, url: 'https://x', mail: [/m], to: a@b}", "mail: it has a url already"),
        ("{name: a, url: 'https://x', to: a@b}", "to: is for mail"),
        ("{name: a, mail: [/m], to: a@b, secret_file: /s}", "secret_file: is for a url"),
        ("{name: a, mail: [/m]}", "missing key \"to\""),
        ("{name: a, mail: [], to: a@b}", "mail: expected a command; got an empty list"),
        ("{name: a, mail: [m], to: a@b}", "mail: expected the absolute path of a program"),
        ("{name: a, mail: [/m], to: 'a@b, c@d'}", "to: expected a mail address"),
        ("{name: a, mail: [/m], to: \"a@b\\nBcc: c@d\"}", "to: expected a mail address"),
        ("{name: a, mail: [/m], to: a@b, from: c}", "from: expected a mail address"),
        ("{name: a, url: 'https://x', outcomes: [won]}", "outcomes: expected one of failed, success"),
        ("{name: a, url: 'https://x', timeout: 1h}", "timeout: expected at most 5m"),
        ("{name: a, url: 'https://x', tasks: [A B]}", "tasks: expected the name of a Task"),
        ("{name: a, url: 'https://x'}\n  - {name: a, url: 'https://y'}", "notify: there are two of the name \"a\""),
    ])
    func saysWhatIsWrongWithThem(item: String, expected: String) throws {
        let (_, problems) = try Self.host("notify:\n  - \(item)\n")
        let text = expected
        #expect(problems.contains { $0.contains(text) }, "\(problems)")
        #expect(problems.allSatisfy { $0.hasPrefix("altp.yaml:2:") || $0.hasPrefix("altp.yaml:3:") }, "\(problems)")
    }

    @Test func boundsWhatIsKeptForStreams() throws {
        #expect(try Self.host("keep_changes: 5000\n").0.keepChanges == 5000)
        #expect(try Self.host("keep_changes: 10\n").1.count == 1)
    }
}
