import CNettle

/// SHA-256, fed piece by piece.
package struct SHA256 {
    private var context = sha256_ctx()

    package init() { nettle_sha256_init(&context) }

    package mutating func add(_ bytes: some Collection<UInt8>) {
        let array = Array(bytes)
        nettle_sha256_update(&context, array.count, array)
    }

    /// Adds a text and its end, so that neighbours cannot run together.
    package mutating func add(_ text: String) { add(Array(text.utf8) + [0]) }

    /// As hexadecimal digits. The digest begins anew.
    package mutating func finish() -> String {
        var bytes = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_SIZE))
        nettle_sha256_digest(&context, bytes.count, &bytes)
        return Hexadecimal.text(of: bytes)
    }

    package static func of(_ text: String) -> String {
        var digest = SHA256()
        digest.add(Array(text.utf8))
        return digest.finish()
    }
}
