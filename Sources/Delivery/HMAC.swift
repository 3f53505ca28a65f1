import CNettle

/// HMAC-SHA256 (RFC 2104).
package enum HMAC {
    package static func sha256(_ bytes: some Collection<UInt8>, key: [UInt8]) -> [UInt8] {
        var context = hmac_sha256_ctx()
        nettle_hmac_sha256_set_key(&context, key.count, key)
        let array = Array(bytes)
        nettle_hmac_sha256_update(&context, array.count, array)
        var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_SIZE))
        nettle_hmac_sha256_digest(&context, digest.count, &digest)
        return digest
    }

    /// Whether they are the same, in a time that does not tell where they differ.
    package static func areSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && nettle_memeql_sec(left, right, left.count) != 0
    }

    package static func areSame(_ left: String, _ right: String) -> Bool {
        areSame(Array(left.utf8), Array(right.utf8))
    }
}
