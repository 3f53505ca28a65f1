import Configuration
import Delivery
import Linux
import Sandbox

/// Whether a post comes from the partner that a webhook is for.
struct HookCredentials {
    /// A secret's file cannot be read: that is no fault of the partner's.
    struct Unusable: Error, CustomStringConvertible {
        var description: String
    }

    let webhook: WebhookDefinition

    /// Every check is made, whatever the ones before it said, and none ends early: how long it takes tells nothing.
    func accept(headers: [String: String], body: [UInt8]) throws(Unusable) -> Bool {
        var isGood = webhook.token != nil || webhook.signature != nil
        if let token = webhook.token {
            let given = SHA256.of(Self.token(headers) ?? "")
            switch token {
            case .hash(let hash): isGood = HMAC.areSame(given, hash) && isGood
            case .file(let path):
                isGood = HMAC.areSame(given, SHA256.of(try Self.secret(path))) && isGood
            }
            if Self.token(headers) == nil { isGood = false }
        }
        if let signature = webhook.signature {
            let digest = HMAC.sha256(body, key: Array(try Self.secret(signature.secretFile).utf8))
            var given = headers[signature.header] ?? ""
            if given.hasPrefix("sha256=") { given.removeFirst(7) }
            isGood = HMAC.areSame(Hexadecimal.text(of: digest), given.lowercased()) && isGood
        }
        return isGood
    }

    /// `Authorization: Bearer TOKEN`, or `X-Altp-Token: TOKEN` from those who cannot send that.
    private static func token(_ headers: [String: String]) -> String? {
        if let own = headers["x-altp-token"] { return own }
        guard let text = headers["authorization"], text.lowercased().hasPrefix("bearer ") else { return nil }
        return String(text.dropFirst(7).drop { $0 == " " })
    }

    private static func secret(_ path: String) throws(Unusable) -> String {
        do throws(SystemError) {
            return try SecretFile.read(path)
        } catch {
            throw Unusable(description: "\(error)")
        }
    }
}
