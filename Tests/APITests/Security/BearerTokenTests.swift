import Delivery
import Testing

@testable import API

@Suite struct BearerTokenTests {
    private static let secret = String(repeating: "q7", count: 26)
    private static let text = "altp_abcdefghijkl_\(secret)"

    @Test func readsWhatItHasWritten() throws {
        let token = BearerToken.random()
        #expect(token.text.hasPrefix("altp_"))
        #expect(BearerToken(parsing: token.text) == token)
        #expect(BearerToken(authorization: "Bearer \(token.text)") == token)
        #expect(BearerToken.random() != token)
        // Five bits a letter: 260, at least the 256 that are promised.
        #expect(token.secret.utf8.count * 5 >= 256)
    }

    @Test(arguments: ["bearer", "BEARER", "Bearer ", "Bearer  "])
    func takesTheSchemeInAnyCase(_ scheme: String) {
        #expect(BearerToken(authorization: "\(scheme) \(Self.text)")?.id == "abcdefghijkl")
    }

    @Test(arguments: [
        "", "Bearer", "Bearer ", text, "Basic \(text)", "Bearer \(text) x", "Bearer \(text)=", "Bearer x\(text)",
        "Bearer \(text.dropLast())", "Bearer altp_abcdefghijkl", "Bearer altp_abcdefghijk_\(secret)q",
        "Bearer altp_abcdefghijk1_\(secret)", "Bearer altp_ABCDEFGHIJKL_\(secret)",
        "Bearer altp_abcdefghijkl_\(secret.dropLast())ä",
    ])
    func takesNothingElse(_ credentials: String) {
        #expect(BearerToken(authorization: credentials) == nil)
    }

    @Test func matchesItsOwnHashAlone() throws {
        let token = try #require(BearerToken(parsing: Self.text))
        #expect(token.matches(token.hash))
        #expect(!token.matches(BearerToken.random().hash))
        #expect(!token.matches(""))
        #expect(!token.matches(String(token.hash.dropLast())))
    }

    @Test(
        arguments: [
            ([], [], true), ([1], [1], true), ([1], [2], false), ([1], [1, 1], false), ([1, 2, 3], [1, 2, 4], false),
        ]
            as [([UInt8], [UInt8], Bool)])
    func comparesAllOfIt(_ left: [UInt8], _ right: [UInt8], _ expected: Bool) {
        #expect(HMAC.areSame(left, right) == expected)
    }
}
