import Delivery
import Sandbox

/// A bearer token as it is handed out once: `altp_ID_SECRET`. The id finds its record, the secret proves who has it.
///
/// The beginning lets scanners for leaked secrets know it. Stored is the secret's SHA-256, without salt or stretching:
/// these make up for the little chance that is in passwords, and 256 bits from the kernel's generator cannot be guessed
/// however fast the guesses are checked, while a slow hash for each request would be a gift to whoever floods the API.
package struct BearerToken: Sendable, Hashable {
    package var id: String
    package var secret: String

    private static let prefix = "altp_"
    private static let idLength = 12
    /// Of 32 bytes, five bits a letter.
    private static let secretLength = 52
    /// Base 32 (RFC 4648) in lower case: nothing of it ends a word where one clicks to select it.
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// A new one, from the kernel's generator (getrandom(2), which Swift's system generator reads).
    package static func random() -> BearerToken {
        var generator = SystemRandomNumberGenerator()
        func letters(_ count: Int) -> String {
            String(decoding: (0..<count).map { _ in alphabet[Int(generator.next() & 31)] }, as: UTF8.self)
        }
        return BearerToken(id: letters(idLength), secret: letters(secretLength))
    }

    init(id: String, secret: String) {
        self.id = id
        self.secret = secret
    }

    /// Reads the credentials of a request (RFC 6750, section 2.1); nil for any that no Launcher has handed out.
    package init?(authorization: String) {
        let parts = authorization.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: true)
        guard parts.count == 2, ASCII.areSame(parts[0], "bearer".utf8) else { return nil }
        self.init(parsing: Array(parts[1]))
    }

    package init?(parsing text: String) { self.init(parsing: Array(text.utf8)) }

    private init?(parsing text: [UInt8]) {
        let underscore = UInt8(ascii: "_")
        guard text.count == Self.prefix.utf8.count + Self.idLength + 1 + Self.secretLength,
            text.starts(with: Self.prefix.utf8)
        else { return nil }
        let parts = text[Self.prefix.utf8.count...]
        let (id, secret) = (parts.prefix(Self.idLength), parts.suffix(Self.secretLength))
        guard parts[id.endIndex] == underscore, id.allSatisfy(Self.isLetter), secret.allSatisfy(Self.isLetter)
        else { return nil }
        self.init(id: String(decoding: id, as: UTF8.self), secret: String(decoding: secret, as: UTF8.self))
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "2")...UInt8(ascii: "7")).contains(byte)
    }

    package var text: String { "\(Self.prefix)\(id)_\(secret)" }

    package var hash: String { SHA256.of(secret) }

    /// Whether the secret is the one of this hash, in a time that does not tell how much of it is right.
    package func matches(_ hash: String) -> Bool { HMAC.areSame(self.hash, hash) }
}
