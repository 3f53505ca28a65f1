import Configuration
import FoundationEssentials
import Synchronization

extension SandboxSpecification {
    /// As `JSONEncoder` would write it: at every start, of which most have a policy that was written before.
    var json: String {
        get throws {
            var object = JSONObjectText()
            object.put("command", JSONText.array(command))
            object.put("environment", JSONText.object(environment))
            object.put("eventsLimit", eventsLimit)
            object.put("identity", "{\"firstUID\":\(identity.firstUID)}")
            if let isBare { object.put("isBare", "\(isBare)") }
            object.put("policy", try PolicyText.of(policy))
            if let processingDirectory { object.put("processingDirectory", string: processingDirectory) }
            object.put("reference", string: reference)
            if let scriptsDirectory { object.put("scriptsDirectory", string: scriptsDirectory) }
            if let socketDirectory { object.put("socketDirectory", string: socketDirectory) }
            object.put("storage", string: storage.rawValue)
            object.put("workingDirectory", string: workingDirectory)
            return object.finished
        }
    }
}

/// Policies as JSON, those that were used last.
private enum PolicyText {
    private static let most = 64
    private static let known = Mutex<[Policy: String]>([:])

    static func of(_ policy: Policy) throws -> String {
        if let text = known.withLock({ $0[policy] }) { return text }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(policy), as: UTF8.self)
        known.withLock { known in
            if known.count >= most { known = [:] }
            known[policy] = text
        }
        return text
    }
}
