/// Reads `notify` of altp.yaml.
struct NotificationReader {
    let findings: Findings

    private static let keys = [
        "name", "tasks", "outcomes", "url", "secret_file", "mail", "to", "from", "timeout", "retry_for",
    ]
    private static let most = 100

    func targets(_ reader: MappingReader) -> [NotificationTarget] {
        guard let items = reader.list("notify", "a list of those who are told when a Processing ends") else {
            return []
        }
        if items.count > Self.most, let value = reader.value("notify") {
            findings.report(value, "notify: expected at most \(Self.most); got \(items.count)")
        }
        var targets: [NotificationTarget] = []
        for item in items.prefix(Self.most) {
            guard let target = target(item) else { continue }
            if targets.contains(where: { $0.name == target.name }) {
                findings.report(item, "notify: there are two of the name \(target.name.quoted)")
            }
            targets.append(target)
        }
        return targets
    }

    private func target(_ node: YAMLNode) -> NotificationTarget? {
        guard let reader = MappingReader(node, "one who is told", keys: Self.keys, findings) else { return nil }
        reader.require("name", "what its deliveries are listed under")
        let name = reader.string("name") ?? ""
        if let value = reader.value("name"), value.text != nil, !Names.isValid(name) {
            findings.report(value, "name: \(name.quoted) is no name: \(Names.rule)")
        }
        guard let channel = channel(reader), !name.isEmpty else { return nil }
        var target = NotificationTarget(name: name, channel: channel)
        if reader.has("tasks") {
            target.tasks = Set(
                texts(reader, "tasks", "a list of Tasks such as [landsat-scene]", "the name of a Task", Names.isValid))
        }
        if reader.has("outcomes") {
            target.outcomes = Set(
                texts(
                    reader, "outcomes", "a list of outcomes such as [failed, success]",
                    "one of \(NotificationTarget.ends.joined(separator: ", "))", NotificationTarget.ends.contains))
        }
        target.timeout = reader.timespan("timeout", atLeast: 100) ?? target.timeout
        if let value = reader.value("timeout"), target.timeout > Self.longestTimeout {
            findings.report(value, "timeout: expected at most \(Self.longestTimeout); got \(value.kind)")
        }
        target.retryFor = reader.timespan("retry_for") ?? target.retryFor
        return target
    }

    private static let longestTimeout = Timespan(seconds: 300)

    private func channel(_ reader: MappingReader) -> NotificationTarget.Channel? {
        switch (reader.has("url"), reader.has("mail")) {
        case (true, true):
            findings.report(
                reader.value("mail") ?? reader.node,
                "mail: it has a url already; it is told in one way, give it another")
            return nil
        case (false, false):
            findings.report(reader.node, "missing key: a `url` that is called, or a `mail` command")
            return nil
        case (true, false):
            for key in ["to", "from"] {
                if let value = reader.value(key) { findings.report(value, "\(key): is for mail, and this has a url") }
            }
            let secret = reader.folder("secret_file")
            guard let value = reader.value("url"), let url = reader.string("url") else { return nil }
            guard Self.isURL(url) else {
                findings.report(
                    value, "url: expected one that begins with https:// or http://, without a user; got \(value.kind)")
                return nil
            }
            return .webhook(url: url, secretFile: secret)
        case (false, true):
            if let value = reader.value("secret_file") {
                findings.report(value, "secret_file: is for a url, and this is mail")
            }
            return mail(reader)
        }
    }

    private func mail(_ reader: MappingReader) -> NotificationTarget.Channel? {
        let command = texts(
            reader, "mail", "a command, a list such as [/usr/sbin/sendmail, -t, -i]", "an argument"
        ) {
            !$0.utf8.contains(0)
        }
        if let value = reader.value("mail"), case .sequence(let items) = value.content {
            if items.isEmpty { findings.report(value, "mail: expected a command; got an empty list") }
            if let program = command.first, !Names.isNormalPath(program) {
                findings.report(items[0], "mail: expected the absolute path of a program; got \(items[0].kind)")
            }
        }
        reader.require("to", "whom the mail is for")
        let to = texts(reader, "to", "a list of addresses such as [ops@example.org]", "a mail address", Self.isAddress)
        let from = reader.string("from")
        if let value = reader.value("from"), let from, !Self.isAddress(from) {
            findings.report(value, "from: expected a mail address; got \(value.kind)")
        }
        return command.isEmpty || to.isEmpty ? nil : .mail(command: command, to: to, from: from)
    }

    /// A list of texts; one text stands for a list of it.
    private func texts(
        _ reader: MappingReader, _ key: String, _ expected: String, _ item: String, _ isGood: (String) -> Bool
    ) -> [String] {
        guard let value = reader.value(key) else { return [] }
        let items = value.text != nil && !value.isNull ? [value] : reader.list(key, expected) ?? []
        if value.isNull { findings.report(value, "\(key): expected \(expected); got nothing") }
        return items.compactMap { node in
            if let text = node.text, !node.isNull, isGood(text) { return text }
            findings.report(node, "\(key): expected \(item); got \(node.kind)")
            return nil
        }
    }

    /// It is given to the client library as it stands; a user in it would be sent to whoever is at that host.
    private static func isURL(_ text: String) -> Bool {
        guard let scheme = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let rest = text.dropFirst(scheme.count)
        let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return !host.isEmpty && !host.contains("@") && text.utf8.count <= 2000
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// What can stand in a header without quoting: one @, no blank, no comma. It is no argument of a command.
    private static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !Array(",;<>()[]\\\"".utf8).contains($0) }
    }
}
