import Configuration
import FoundationEssentials
import Testing

@testable import Delivery

@Suite struct MessageTests {
    /// The example of the Standard Webhooks specification and its libraries.
    @Test func signsAsStandardWebhooksDoes() {
        let message = WebhookMessage(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(
            message.signature(secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
                == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        let headers = message.headers(secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        #expect(headers.contains("webhook-id: msg_p5jXN8AQM9LWM0D4loKWxJek"))
        #expect(headers.contains("webhook-timestamp: 1614265330"))
        #expect(headers.contains("webhook-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="))
        #expect(!message.headers(secret: nil).contains { $0.hasPrefix("webhook-signature") })
        // What is no base64 after the prefix is a secret like any other.
        #expect(WebhookMessage.key("whsec_***") == Array("whsec_***".utf8))
        #expect(WebhookMessage.key("plain") == Array("plain".utf8))
    }

    /// RFC 4231, test cases 2 and 6.
    @Test func digestsAsTheStandardHasIt() {
        func hex(_ bytes: [UInt8]) -> String {
            bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        }
        #expect(
            hex(HMAC.sha256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8)))
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        #expect(
            hex(
                HMAC.sha256(
                    Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                    key: [UInt8](repeating: 0xAA, count: 131)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        #expect(HMAC.areSame([1, 2, 3], [1, 2, 3]))
        for other in [[1, 2, 4], [0, 2, 3], [1, 2], [], [1, 2, 3, 4]] as [[UInt8]] {
            #expect(!HMAC.areSame([1, 2, 3], other))
        }
    }

    @Test(arguments: [
        (Int64(0), "Thu, 1 Jan 1970 00:00:00 +0000"), (1_709_210_096_123, "Thu, 29 Feb 2024 12:34:56 +0000"),
        (1_709_251_200_000, "Fri, 1 Mar 2024 00:00:00 +0000"), (1_798_761_599_000, "Thu, 31 Dec 2026 23:59:59 +0000"),
        (4_107_542_399_000, "Sun, 28 Feb 2100 23:59:59 +0000"),
    ])
    func writesDates(milliseconds: Int64, expected: String) { #expect(MailMessage.date(milliseconds) == expected) }

    @Test func writesAMail() throws {
        let message = MailMessage(
            from: "altp@host", to: ["a@example.org", "b@example.org"], subject: "job 42: failed", id: "k@host",
            date: 0, lines: ["Reason: ä\r\nBcc: evil@example.org", ".", ""])
        let parts = message.text.components(separatedBy: "\n\n")
        #expect(
            parts[0] == """
                From: altp@host
                To: a@example.org,
                 b@example.org
                Subject: job 42: failed
                Date: Thu, 1 Jan 1970 00:00:00 +0000
                Message-ID: <k@host>
                Auto-Submitted: auto-generated
                MIME-Version: 1.0
                Content-Type: text/plain; charset=utf-8
                Content-Transfer-Encoding: base64
                """)
        let body = try #require(Data(base64Encoded: parts[1].filter { $0 != "\n" }))
        #expect(String(decoding: body, as: UTF8.self) == "Reason: ä  Bcc: evil@example.org\r\n.\r\n\r\n")
    }

    @Test(arguments: [
        ("plain", "plain"), ("a\r\nBcc: b", "a  Bcc: b"), ("ä", "=?utf-8?B?w6Q=?="),
        ("=?utf-8?B?w6Q=?=", "=?utf-8?B?PT91dGYtOD9CP3c2UT0/PQ==?="),
    ])
    func encodesSubjects(text: String, expected: String) { #expect(MailMessage.header(text) == expected) }

    @Test func foldsLongSubjects() {
        let lines = MailMessage.header(String(repeating: "ä😀", count: 100)).split(separator: "\n")
        #expect(lines.count > 5)
        for line in lines {
            #expect(line.utf8.count <= 76)
            let word = line.drop { $0 == " " }.dropFirst("=?utf-8?B?".count).dropLast(2)
            // Each holds whole characters.
            #expect(Data(base64Encoded: String(word)).flatMap { String(validating: $0, as: UTF8.self) } != nil)
        }
    }

    @Test func aTargetWantsWhatItNames() {
        var target = NotificationTarget(name: "ops", channel: .webhook(url: "https://x/", secretFile: nil))
        func wants(_ task: String, _ status: String, _ outcome: String) -> Bool {
            target.wants(task: task, status: status, outcome: outcome)
        }
        #expect(wants("a", "failed", "hard") && wants("a", "failed", "lost"))
        #expect(!wants("a", "success", "success") && !wants("a", "cancelled", "cancelled"))
        target.outcomes = ["lost", "success"]
        #expect(wants("a", "failed", "lost") && wants("a", "success", "success") && !wants("a", "failed", "hard"))
        target.tasks = ["b"]
        #expect(!wants("a", "failed", "lost") && wants("b", "failed", "lost"))
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
}
