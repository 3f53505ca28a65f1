import Glibc
import Testing

@testable import Configuration

@Suite struct ListenTests {
    @Test(
        arguments: [
            ("8470", "127.0.0.1:8470", true), ("localhost:8470", "127.0.0.1:8470", true),
            ("127.1.2.3:80", "127.1.2.3:80", true), ("[::1]:8470", "[::1]:8470", true),
            ("0.0.0.0:443", "0.0.0.0:443", false), ("[::]:443", "[::]:443", false),
            ("192.0.2.7:65535", "192.0.2.7:65535", false), ("[2001:DB8::1]:1", "[2001:db8::1]:1", false),
        ] as [(String, String, Bool)])
    func readsAddresses(_ text: String, _ expected: String, _ isLoopback: Bool) throws {
        let address = try ListenAddress(parsing: text)
        #expect(address.description == expected)
        #expect(address.isLoopback == isLoopback)
    }

    @Test(
        arguments: [
            ("", "the port is missing"), ("127.0.0.1", "the port is missing"), ("0", "a port from 1 to 65535"),
            ("65536", "a port from 1 to 65535"), ("127.0.0.1:", "a port from 1"), ("127.0.0.1:08470", "a port from 1"),
            ("::1:8470", "stands in brackets"), ("[::1]", "the port is missing"), ("[::1:8470", "bracket"),
            ("[127.0.0.1]:1", "only an IPv6"), ("altp.example:8470", "names other than localhost"),
            (":8470", "expected an address"), ("127.0.0.0/8:80", "expected an address"),
            ("127.0.0.1:80x", "a port from 1"),
        ] as [(String, String)])
    func saysWhatIsWrong(_ text: String, _ reason: String) {
        let mistake = #expect(throws: ListenAddress.Mistake.self) { try ListenAddress(parsing: text) }
        #expect(mistake?.message.contains(reason) ?? false, "\(mistake?.message ?? "")")
    }

    /// Altp.yaml, and what is said of it.
    @Test(
        arguments: [
            ("api: {listen: 8470}", []),
            ("api: {listen: [8470, \"[::1]:8470\"]}", []),
            ("api: {listen: \"0.0.0.0:8470\", insecure: true}", []),
            ("api:", []),
            ("api: {listen: \"0.0.0.0:8470\"}", ["1:15: listen: 0.0.0.0:8470 can be reached from other hosts"]),
            ("api: {listen: [8470, localhost:8470]}", ["1:22: listen: 127.0.0.1:8470 is listed already"]),
            ("api: {listen: [{}]}", ["1:16: listen: expected an address such as"]),
            ("api: {listen: x}", ["1:15: listen: \"x\": the port is missing"]),
            ("api: {port: 8470}", ["1:7: unknown key \"port\""]),
            ("api: 8470", ["1:6: expected an api, a mapping of listen, tls"]),
            (
                "api: {tls: {certificate: /x/c.pem}}",
                ["1:12: missing key \"key\"", "1:26: certificate: /x/c.pem open: No such"]
            ),
            (
                "api: {tls: {certificate: c.pem, key: /x/k.pem}}",
                ["1:26: certificate: expected an absolute path", "1:38: key: /x/k.pem open: No such"]
            ),
            (
                "api: {hosts: [\"a b\", altp.example:80]}",
                ["1:15: hosts: expected a name", "1:22: hosts: expected a name"]
            ),
            (
                "api: {limits: {body: 1, connections: 0, requests_per_second: 0, request_time: 1ms, heads: 2}}",
                [
                    "1:22: body: expected", "1:38: connections: expected", "1:62: requests_per_second: expected",
                    "1:79: request_time: expected", "1:84: unknown key \"heads\"",
                ]
            ),
            ("api: {limits: {body: 1G}}", ["1:22: body: expected at most 256M"]),
            ("api: {audit: {keep: 0s, entries: 1}}", ["1:21: keep: expected", "1:34: entries: expected"]),
        ] as [(String, [String])])
    func checksTheApi(_ text: String, _ expected: [String]) throws {
        let folder = try TestFolder(["altp.yaml": text + "\n"])
        let messages = HostFolder.loadLeniently(folder.path).problems.map(\.description).sorted()
        let wanted = expected.map { "altp.yaml:\($0)" }.sorted()
        #expect(messages.count == wanted.count, "\(messages)")
        for (message, begin) in zip(messages, wanted) { #expect(message.hasPrefix(begin)) }
    }

    @Test func readsEverySetting() throws {
        let folder = try TestFolder([
            "altp.yaml": """
            api:
              listen: ["127.0.0.1:8470", "[::1]:8471"]
              hosts: [Altp.Example]
              limits: {body: 2M, header: 16K, connections: 10, connections_per_client: 3, requests_per_second: 0.5,
                burst: 7, request_time: 5s}
              audit: {keep: 30d, entries: 500}

            """
        ])
        let api = try HostFolder.load(folder.path).host.api
        #expect(api.listen.map(\.port) == [8470, 8471])
        #expect(api.hosts == ["altp.example"])
        #expect(api.limits.body.bytes == 2 << 20)
        #expect(api.limits.header.bytes == 16 << 10)
        #expect((api.limits.connections, api.limits.connectionsPerClient, api.limits.burst) == (10, 3, 7))
        #expect(api.limits.requestsPerSecond == 0.5)
        #expect(api.limits.requestTime.milliseconds == 5000)
        #expect(api.audit.entries == 500)
        #expect(api.audit.keep.milliseconds == 30 * 86_400_000)
    }

    private static let certificate = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"
    private static let key = "-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----\n"

    @Test func filesOfTLSAreCheckedWhereTheyAreUsed() throws {
        let folder = try TestFolder(["c.pem": Self.certificate, "k.pem": Self.key, "text.pem": "no\n"])
        func load(_ certificate: String, _ key: String) throws -> [String] {
            let text =
                "api: {listen: 8470, tls: {certificate: \(folder.path)/\(certificate), key: \(folder.path)/\(key)}}\n"
            let host = try TestFolder(["altp.yaml": text])
            // Who only wants to know where the state lies need not be able to read the key.
            #expect(throws: Never.self) { try HostConfiguration.load(folder: host.path) }
            return HostFolder.loadLeniently(host.path).problems.map(\.message)
        }
        chmod("\(folder.path)/k.pem", 0o640)
        #expect(try load("c.pem", "k.pem") == [])
        #expect(
            try load("text.pem", "k.pem") == ["certificate: \(folder.path)/text.pem is no PEM file with a CERTIFICATE"])
        #expect(try load("c.pem", "c.pem").contains { $0.hasPrefix("key: \(folder.path)/c.pem") })
        chmod("\(folder.path)/k.pem", 0o644)
        #expect(
            try load("c.pem", "k.pem") == [
                "key: \(folder.path)/k.pem has mode 0644, so that others than its owner and group may use it; chmod 0640 or 0600"
            ])
    }
}
