import Launcher
import Store
import Wire

extension APIService {
    func labelProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        return try await setLabel(call, of: id, as: nil)
    }

    func unlabelProcessing(_ call: Call) async throws(Problem) -> HTTPResponse {
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        return try await removeLabel(call, of: id, as: nil)
    }

    func labelSelf(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        return try await setLabel(call, of: peer.processing, as: peer)
    }

    func unlabelSelf(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        return try await removeLabel(call, of: peer.processing, as: peer)
    }

    func labels(of processing: Int64) async throws(Problem) -> [String: String] {
        try await stored { () async throws(StoreError) in try await launcher.store.labels(of: [processing]) }[
            processing] ?? [:]
    }

    private func setLabel(_ call: Call, of id: Int64, as peer: ScriptPeer?) async throws(Problem) -> HTTPResponse {
        let key = try Self.labelKey(call)
        let body = try BodyReader.read(SetLabel.self, from: call.request)
        try FieldCheck.line(body.value, "value", limit: 200)
        try await launched { () async throws(LauncherError) in
            try await launcher.setLabel(key, body.value, of: id, by: call.caller.source, as: peer)
        }
        return .json(LabelsView(labels: try await labels(of: id)))
    }

    private func removeLabel(_ call: Call, of id: Int64, as peer: ScriptPeer?) async throws(Problem) -> HTTPResponse {
        let key = try Self.labelKey(call)
        try await launched { () async throws(LauncherError) in
            try await launcher.removeLabel(key, of: id, by: call.caller.source, as: peer)
        }
        return .json(LabelsView(labels: try await labels(of: id)))
    }

    private static func labelKey(_ call: Call) throws(Problem) -> String {
        let key = call.captures["key"] ?? ""
        try FieldCheck.key(key, "key")
        return key
    }

    /// `label=key:value`
    static func labelFilter(_ query: Query) throws(Problem) -> LabelFilter {
        var values: [String: Set<String>] = [:]
        for text in query.all("label") {
            guard let colon = text.firstIndex(of: ":"), FieldCheck.isKey(String(text[..<colon])) else {
                throw Query.wrong("label", "must be a key and a value, such as quality:good")
            }
            values[String(text[..<colon]), default: []].insert(String(text[text.index(after: colon)...]))
        }
        guard values.count <= LabelLimit.keys, values.values.allSatisfy({ $0.count <= LabelLimit.values }) else {
            throw Query.wrong("label", "may name \(LabelLimit.keys) keys, and \(LabelLimit.values) values of each")
        }
        return LabelFilter(values)
    }

    private enum LabelLimit {
        static let keys = 8
        static let values = 20
    }
}

extension FieldCheck {
    /// Whether a text can name a label or a metric: it is whole in a path, before a colon, and in a line.
    static func isKey(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 63, isLetterOrDigit(first) else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || [0x2D, 0x2E, 0x5F].contains($0) }
    }

    static func key(_ text: String, _ field: String) throws(Problem) {
        guard !isKey(text) else { return }
        throw wrong(
            field,
            "must be 1 to 63 letters, digits, dots, dashes and underscores of ASCII, and begin with a letter or digit")
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
