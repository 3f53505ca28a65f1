import Testing

@testable import Command

@Suite struct ServerAddressTests {
    @Test(
        arguments: [
            ("https://altp.example:8470", "https://altp.example:8470", false),
            ("https://altp.example/", "https://altp.example:443", false),
            ("http://127.0.0.1:8470", "http://127.0.0.1:8470", true), ("http://localhost", "http://localhost:80", true),
            ("http://[::1]:8470", "http://[::1]:8470", true),
            ("https://[2001:db8::1]", "https://[2001:db8::1]:443", false),
        ] as [(String, String, Bool)])
    func readsURLs(_ text: String, _ expected: String, _ isLoopback: Bool) throws {
        let address = try ServerAddress(parsing: text)
        #expect(address.description == expected)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(arguments: [
        "", "altp.example", "ftp://altp.example", "https://", "https://:8470", "https://altp.example:0",
        "https://altp.example:65536", "https://altp.example:x", "https://altp.example/api",
        "https://me:token@altp.example",
        "https://altp.example?x", "https://::1", "https://[::1", "https://[::1]8470", "https://a b", "https://-oProxy",
        "https://a\r\nX: y",
    ])
    func refusesOthers(_ text: String) {
        #expect(throws: ServerAddress.Mistake.self) { try ServerAddress(parsing: text) }
    }

    private static let remote = ["ALTP_SERVER": "https://altp.example"]

    @Test(
        arguments: [
            (.init(), [:], "/run/altp/altp.sock"),
            (.init(), remote, "https://altp.example:443"),
            (.init(), ["ALTP_SERVER": ""], "/run/altp/altp.sock"),
            (.init(), remote.merging(["ALTP_SOCKET": "/s"]) { $1 }, "https://altp.example:443"),
            (.init(socket: "/s"), remote, "/s"),
            (.init(server: "http://127.0.0.1:1"), remote, "http://127.0.0.1:1"),
        ] as [(LauncherPlace.Options, [String: String], String)])
    func choosesTheLauncher(
        _ options: LauncherPlace.Options, _ environment: [String: String], _ expected: String
    ) throws {
        #expect(try LauncherPlace(options, environment: environment).description == expected)
    }

    @Test func aTokenDoesNotTravelInTheOpen() throws {
        let plain = ["ALTP_SERVER": "http://altp.example", "ALTP_TOKEN": "altp_x"]
        #expect(throws: CommandFailure.self) { try LauncherPlace(.init(), environment: plain) }
        let consent = plain.merging(["ALTP_INSECURE": "1"]) { $1 }
        #expect(throws: Never.self) { try LauncherPlace(.init(), environment: consent) }
    }

    @Test func theTokenStaysInItsHeader() throws {
        let environment = Self.remote.merging(["ALTP_TOKEN": " altp_x\n"]) { $1 }
        let address = try ServerAddress(parsing: "https://altp.example")
        #expect(
            try LauncherPlace(.init(), environment: environment)
                == .server(address, token: "altp_x", authorities: nil))
        #expect(throws: CommandFailure.self) {
            try LauncherPlace(.init(), environment: Self.remote.merging(["ALTP_TOKEN": "a\r\nX: y"]) { $1 })
        }
        var request = HTTPRequest(method: "GET", path: "/x")
        (request.authority, request.token) = (address.authority, "altp_x")
        let head = String(decoding: request.bytes, as: UTF8.self)
        #expect(head.contains("\r\nHost: altp.example:443\r\n"))
        #expect(head.contains("\r\nAuthorization: Bearer altp_x\r\n"))
        #expect(
            !String(decoding: HTTPRequest(method: "GET", path: "/x").bytes, as: UTF8.self).contains("Authorization"))
    }
}
