import Testing

@testable import Command

@Suite struct HTTPRequestTests {
    @Test func encodesWhateverStandsInNames() {
        let request = HTTPRequest(
            method: "GET", path: "/api/v1/tasks/" + HTTPRequest.encode("a/b c\r\nX: y?#ä"),
            query: [.init(name: "since", value: "2026-11-24T12:00:00+01:00"), .init(name: "task", value: "a&b=c")])
        let head = String(decoding: request.bytes, as: UTF8.self)
        #expect(
            head.hasPrefix(
                "GET /api/v1/tasks/a%2Fb%20c%0D%0AX%3A%20y%3F%23%C3%A4?since=2026-11-24T12%3A00%3A00%2B01%3A00&task=a%26b%3Dc HTTP/1.1\r\n"
            ))
        #expect(head.hasSuffix("\r\n\r\n"))
        #expect(!head.contains("Content-Length"))
    }

    @Test(arguments: [
        ("", "Content-Length: 0\r\n\r\n"), ("{}", "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
    ])
    func sendsTheBody(_ body: String, _ end: String) {
        let request = HTTPRequest(method: "POST", path: "/api/v1/events", body: Array(body.utf8))
        #expect(String(decoding: request.bytes, as: UTF8.self).hasSuffix(end))
    }

    @Test(
        arguments: [
            (nil, [:], "/run/altp/altp.sock"),
            (nil, ["ALTP_PROCESSING": "42"], "/run/altp.sock"),
            (nil, ["ALTP_SOCKET": "/tmp/s", "ALTP_PROCESSING": "42"], "/tmp/s"),
            (nil, ["ALTP_SOCKET": ""], "/run/altp/altp.sock"),
            ("/x", ["ALTP_SOCKET": "/tmp/s"], "/x"),
        ] as [(String?, [String: String], String)])
    func findsTheSocket(_ option: String?, _ environment: [String: String], _ path: String) {
        #expect(LauncherPlace.path(option: option, environment: environment) == path)
    }
}

@Suite struct TimeTextTests {
    @Test(
        arguments: [
            (0, "0ms"), (999, "999ms"), (1000, "1.0s"), (9999, "9.9s"), (42_000, "42s"), (192_000, "3m12s"),
            (7_500_000, "2h05m"),
            (273_600_000, "3d04h"), (-5, "0ms"),
        ] as [(Int64, String)])
    func showsDurations(_ milliseconds: Int64, _ text: String) {
        #expect(TimeText.duration(milliseconds) == text)
    }

    @Test(
        arguments: [
            (0, "0s"), (59_999, "59s"), (60_000, "1m"), (7_200_000, "2h"), (172_800_000, "2d"), (-1000, "0s"),
        ] as [(Int64, String)])
    func showsAges(_ milliseconds: Int64, _ text: String) {
        #expect(TimeText.age(of: 1_000_000_000_000, at: 1_000_000_000_000 + milliseconds) == text)
    }
}
