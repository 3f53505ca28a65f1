import CNettle

/// How a connection of HTTP becomes one of WebSockets (RFC 6455, section 4).
package enum WebSocketHandshake {
    package static let version = "13"
    /// What the server answers with.
    package static let acceptHeader = "Sec-WebSocket-Accept"

    /// A request that asks for it wrongly, or not at all.
    package enum Refusal: Error, Sendable, Hashable {
        /// It does not ask for it, or in another version.
        case upgradeRequired(String)
        case malformed(String)
    }

    /// The headers with which a client asks, and the key that its answer must prove to have been seen.
    package static func request() -> (headers: [(name: String, value: String)], key: String) {
        var random = SystemRandomNumberGenerator()
        let key = base64((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        return (
            [
                ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", version),
                ("Sec-WebSocket-Key", key),
            ], key
        )
    }

    /// What the answer to a request must carry.
    ///
    /// - Parameter headers: the request's, by lower-case name.
    package static func accept(_ headers: [String: String]) throws(Refusal) -> String {
        guard tokens(headers["connection"]).contains("upgrade"), tokens(headers["upgrade"]).contains("websocket") else {
            throw .upgradeRequired(
                "This is a WebSocket (RFC 6455); the request must ask for it by Connection and Upgrade.")
        }
        guard let asked = headers["sec-websocket-version"] else {
            throw .malformed("Sec-WebSocket-Version is missing.")
        }
        guard asked == version else { throw .upgradeRequired("The version of WebSockets here is \(version).") }
        guard let key = headers["sec-websocket-key"] else { throw .malformed("Sec-WebSocket-Key is missing.") }
        guard isKey(key) else { throw .malformed("Sec-WebSocket-Key is not 16 bytes in base64.") }
        return accept(key: key)
    }

    /// Proof that the key was read as one, and by nobody who does not know of WebSockets.
    package static func accept(key: String) -> String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var context = sha1_ctx()
        nettle_sha1_init(&context)
        nettle_sha1_update(&context, text.count, text)
        var digest = [UInt8](repeating: 0, count: Int(SHA1_DIGEST_SIZE))
        nettle_sha1_digest(&context, digest.count, &digest)
        return base64(digest)
    }

    private static func tokens(_ header: String?) -> [String] {
        (header ?? "").split(separator: ",").map { item in
            String(item.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }).lowercased()
        }
    }

    private static func isKey(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == 24 && bytes.suffix(2) == [0x3D, 0x3D]
            && bytes.dropLast(2).allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F: true
                default: false
                }
            }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: (bytes.count + 2) / 3 * 4)
        nettle_base64_encode_raw(&text, bytes.count, bytes)
        return String(decoding: text.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
