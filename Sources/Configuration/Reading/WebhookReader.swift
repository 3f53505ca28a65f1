/// Reads a file of `webhooks/`.
struct WebhookReader {
    let findings: Findings

    private static let keys = ["description", "type", "id", "params", "token_file", "token_sha256", "signature"]
    private static let mostParameters = 100

    func webhook(_ root: YAMLNode?, name: String) -> WebhookDefinition? {
        guard let root else {
            findings.report("the file is empty; a webhook has a type, an id, and a token_file or a signature")
            return nil
        }
        guard let reader = MappingReader(root, "a webhook", keys: Self.keys, findings) else { return nil }
        reader.require("type", "the type of Event that a post becomes")
        reader.require("id", "what makes the Event one of a kind, such as \"${body.id}\"")
        let type = template(reader, "type")
        let key = template(reader, "id")
        let params = params(reader)
        let token = token(reader)
        let signature = reader.collection("signature").flatMap(signature)
        if !["token_file", "token_sha256", "signature"].contains(where: reader.has) {
            findings.report(
                root, "missing key: a `token_file`, a `token_sha256` or a `signature`, or anybody could post")
        }
        guard let type, let key else { return nil }
        var webhook = WebhookDefinition(name: name, type: type, key: key)
        webhook.description = reader.string("description")
        webhook.params = params
        webhook.token = token
        webhook.signature = signature
        return webhook
    }

    private func template(_ reader: MappingReader, _ key: String) -> HookTemplate? {
        guard let value = reader.value(key), reader.string(key) != nil else { return nil }
        let template = template(value, key)
        if template?.parts.isEmpty == true || template?.mayBeAbsent == true {
            findings.report(value, "\(key): must not be empty")
        }
        return template
    }

    private func template(_ node: YAMLNode, _ name: String) -> HookTemplate? {
        guard let text = node.text else {
            findings.report(node, "\(name): expected a text; got \(node.kind)")
            return nil
        }
        do throws(HookTemplate.Problem) {
            return try HookTemplate(parsing: text)
        } catch {
            findings.report(node, "\(name): \(error)")
            return nil
        }
    }

    private func params(_ reader: MappingReader) -> [String: HookTemplate] {
        var params: [String: HookTemplate] = [:]
        let entries = reader.texts("params", "a mapping of parameters to texts such as \"${body.scene}\"") ?? []
        if entries.count > Self.mostParameters, let value = reader.value("params") {
            findings.report(value, "params: expected at most \(Self.mostParameters); got \(entries.count)")
        }
        for (key, value) in entries {
            let name = key.text ?? ""
            if !Names.isParameter(name) {
                findings.report(
                    key,
                    "params: \(name.quoted) is no name of a parameter: lower-case letters, digits and _, beginning with a letter"
                )
            }
            if let template = template(value, "params: \(name)") { params[name] = template }
        }
        return params
    }

    private func token(_ reader: MappingReader) -> WebhookDefinition.Token? {
        if reader.has("token_file"), let value = reader.value("token_sha256") {
            findings.report(value, "token_sha256: there is a token_file already; one of the two is enough")
        }
        if reader.has("token_file") { return reader.folder("token_file").map { .file($0) } }
        guard let value = reader.value("token_sha256"), let hash = reader.string("token_sha256") else { return nil }
        guard hash.utf8.count == 64, hash.utf8.allSatisfy(Self.isHexadecimal) else {
            findings.report(
                value,
                "token_sha256: expected 64 hexadecimal digits, as of printf %s TOKEN | sha256sum; got \(value.kind)")
            return nil
        }
        return .hash(hash.lowercased())
    }

    private func signature(_ node: YAMLNode) -> WebhookDefinition.Signature? {
        guard let reader = MappingReader(node, "a signature", keys: ["secret_file", "header"], findings) else {
            return nil
        }
        reader.require("secret_file", "the file that holds what the partner signs with")
        let file = reader.folder("secret_file")
        let header = reader.string("header")
        if let value = reader.value("header"), let header, header.isEmpty || !header.utf8.allSatisfy(Self.isToken) {
            findings.report(value, "header: expected the name of a header; got \(value.kind)")
        }
        guard let file else { return nil }
        var signature = WebhookDefinition.Signature(secretFile: file)
        if let header { signature.header = header.lowercased() }
        return signature
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "-")
    }
}
