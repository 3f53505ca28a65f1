import Configuration
import Testing

@Suite struct NetworkEndpointTests {
    @Test(arguments: [
        ("landsat.example:443", "landsat.example:443"), ("Landsat.EXAMPLE:443", "landsat.example:443"),
        ("a:1", "a:1"), ("a-b_c.d0:65535", "a-b_c.d0:65535"), ("3com.example:80", "3com.example:80"),
        ("192.0.2.0/24:5432", "192.0.2.0/24:5432"), ("192.0.2.7:443", "192.0.2.7:443"),
        ("192.0.2.7/32:443", "192.0.2.7:443"), ("0.0.0.0/0:443", "0.0.0.0/0:443"), ("10.0.0.0/9:*", "10.0.0.0/9:*"),
        ("[2001:db8::/32]:443", "[2001:db8::/32]:443"), ("[2001:DB8:0:0::7]:*", "[2001:db8::7]:*"),
        ("[::/0]:443", "[::/0]:443"), ("[2001:db8::7/128]:1", "[2001:db8::7]:1"),
    ])
    func readsAndShowsEndpoints(_ text: String, _ shown: String) throws {
        let endpoint = try NetworkEndpoint(parsing: text)
        #expect(endpoint.description == shown)
        #expect(try NetworkEndpoint(parsing: shown) == endpoint)
    }

    @Test(arguments: [
        ("", "the port is missing"), ("landsat.example", "the port is missing"), ("192.0.2.7", "the port is missing"),
        ("[2001:db8::7]", "the port is missing"), ("[2001:db8::7]443", "the port is missing"),
        (":443", "\"\" is neither an address nor a host's name"), ("a:", "expected a port"), ("a:0", "expected a port"),
        ("a:65536", "expected a port"), ("a:0443", "expected a port"), ("a:+1", "expected a port"),
        ("a:-1", "expected a port"), ("a:٤", "expected a port"), ("a:https", "expected a port"),
        ("a: 443", "expected a port"), ("a:99999999999999999999", "expected a port"), ("a:1-65535", "expected a port"),
        ("http://a:443", "stands in brackets"), ("2001:db8::7:443", "stands in brackets"),
        ("[2001:db8::7:443", "the bracket ] is missing"), ("[192.0.2.7]:443", "only an IPv6 address"),
        ("[a]:443", "only an IPv6 address"), ("[]:443", "only an IPv6 address"),
        ("192.0.2.0/33:1", "expected a prefix from 0 to 32"), ("192.0.2.0/-1:1", "expected a prefix"),
        ("192.0.2.0/:1", "expected a prefix"), ("192.0.2.0/08:1", "expected a prefix"),
        ("192.0.2.0/24/24:1", "is no address"), ("[2001:db8::/129]:1", "expected a prefix from 0 to 128"),
        ("192.0.2.7/24:1", "192.0.2.7 has bits set after the first 24; the network is 192.0.2.0/24"),
        ("[2001:db8::7/32]:1", "has bits set after the first 32; the network is 2001:db8::/32"),
        ("192.0.2:1", "is no address"), ("192.0.2.256:1", "is no address"), ("192.0.02.1:1", "is no address"),
        ("1:1", "is no address"), ("0x7f.1:1", "neither an address"), ("a/24:1", "is no address"),
        ("[fe80::1%eth0]:1", "is no address"), ("[2001:db8:::7]:1", "is no address"),
        ("-a.example:1", "neither an address"), ("a-.example:1", "neither an address"),
        ("a..b:1", "neither an address"),
        ("a.example.:1", "neither an address"), (".a:1", "neither an address"), ("*.example:1", "neither an address"),
        ("*:443", "neither an address"), ("a b:1", "neither an address"), ("münchen.example:1", "neither an address"),
        ("a\u{0}b:1", "neither an address"), ("$(id):1", "neither an address"), ("--help:1", "neither an address"),
        ("a;flush ruleset:1", "neither an address"), ("host.1:1", "neither an address"),
        (String(repeating: "a", count: 64) + ":1", "neither an address"),
        (String(repeating: "a.", count: 130) + "b:1", "neither an address"),
        (String(repeating: "a", count: 100_000) + ":1", "longer than any name"),
        ("localhost:80", "the sandbox's own"), ("x.localhost:80", "the sandbox's own"),
        ("127.0.0.1:80", "the sandbox's own loopback"), ("[::1]:80", "the sandbox's own loopback"),
        ("0.0.0.0:80", "no address of a host"), ("[::]:80", "no address of a host"), ("224.0.0.1:1", "multicast"),
        ("[ff02::1]:1", "multicast"), ("255.255.255.255:1", "broadcast"), ("169.254.169.254:80", "link-local"),
        ("[fe80::1]:1", "link-local"), ("[::ffff:192.0.2.7]:1", "an IPv4 address; write it as one"),
        ("198.19.255.2:1", "between a sandbox and its host"), ("[fd00::2]:1", "between a sandbox and its host"),
    ])
    func refusesOthers(_ text: String, _ message: String) {
        let mistake = #expect(throws: NetworkEndpoint.Mistake.self) { try NetworkEndpoint(parsing: text) }
        #expect(mistake?.message.contains(message) == true, "\(mistake?.message ?? "")")
    }

    struct List: Sendable {
        var yaml: String
        var problems: [String]
    }

    static let lists: [List] = [
        List(yaml: "{allow: [\"a:1\", \"192.0.2.0/24:*\"]}", problems: []),
        List(yaml: "{}", problems: ["1:10: missing key \"allow\": a list of endpoints"]),
        List(
            yaml: "{allow: []}",
            problems: ["1:18: allow: the list is empty; write network: none for a Script that needs no network"]),
        List(
            yaml: "{allow: \"a:1\"}",
            problems: ["1:18: allow: expected a list of endpoints such as [\"landsat.example:443\"]; got \"a:1\""]),
        List(
            yaml: "{allow: }",
            problems: ["1:18: allow: expected a list of endpoints such as [\"landsat.example:443\"]; got nothing"]),
        List(
            yaml: "{allow: [~, {a: 1}, [\"a:1\"]]}",
            problems: [
                "1:19: allow: expected an endpoint such as \"landsat.example:443\"; got nothing",
                "1:22: allow: expected an endpoint such as \"landsat.example:443\"; got a mapping",
                "1:30: allow: expected an endpoint such as \"landsat.example:443\"; got a list",
            ]),
        List(
            yaml: "\n  allow:\n    - a:1\n    - b:x\n    - A:1\n    - 192.0.2.1\n",
            problems: [
                "4:7: allow: \"b:x\": expected a port from 1 to 65535, or *; got \"x\"",
                "5:7: allow: \"A:1\" is listed in line 3 already",
                "6:7: allow: \"192.0.2.1\": the port is missing; write \"NAME:443\", or \"NAME:*\" for every port",
            ]),
        List(
            yaml: "{alow: [\"a:1\"]}",
            problems: [
                "1:10: missing key \"allow\": a list of endpoints",
                "1:11: unknown key \"alow\"; did you mean \"allow\"?",
            ]),
        List(
            yaml: "{allow: [\(Array(repeating: "\"a:1\"", count: 65).joined(separator: ", "))]}",
            problems: ["1:18: allow: 65 endpoints; at most 64 can be listed"]),
    ]

    @Test(arguments: lists) func readsListsWithTheirPlaces(_ list: List) throws {
        let folder = try TestFolder(["altp.yaml": "", "policies/p.yaml": "network: \(list.yaml)\n"])
        let problems = HostFolder.loadLeniently(folder.path).problems.map(\.description)
        #expect(problems.count == list.problems.count, "\(problems)")
        for (problem, expected) in zip(problems, list.problems) { #expect(problem.contains(expected)) }
    }

    @Test func keepsTheOrderOfTheFile() throws {
        let folder = try TestFolder(["my.yaml": "network: {allow: [\"b:2\", \"192.0.2.0/24:*\", \"a:1\"]}\n"])
        let policy = try Policy.load(file: "\(folder.path)/my.yaml")
        let expected = try ["b:2", "192.0.2.0/24:*", "a:1"].map { try NetworkEndpoint(parsing: $0) }
        #expect(policy.network == .allow(expected))
    }
}
