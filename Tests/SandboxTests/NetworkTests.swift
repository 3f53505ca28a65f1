import Configuration
import SandboxPlan
import Testing

@testable import Sandbox

@Suite struct NetworkTests {
    private func network(_ endpoints: String...) throws -> AllowedNetwork {
        try AllowedNetwork(endpoints.map { try NetworkEndpoint(parsing: $0) }) { name throws(SandboxError) in
            let names = ["a.example": ["192.0.2.1", "2001:db8::1"], "b.example": ["192.0.2.2"]]
            guard let addresses = names[name] else { throw SandboxError("no \(name)") }
            return addresses.map { NetworkPrefix(address: $0)! }
        }
    }

    @Test func pinsEachNameOnce() throws {
        let network = try network("a.example:443", "198.51.100.0/24:5432", "a.example:80", "b.example:443")
        #expect(network.hosts == ["192.0.2.1 a.example", "2001:db8::1 a.example", "192.0.2.2 b.example"])
        let hosts = PlanStep.file(path: "/etc/hosts", mode: 0o644, content: "127.0.0.1 localhost\n")
        let other = PlanStep.file(path: "/etc/passwd", mode: 0o644, content: "")
        #expect(
            network.pinned([hosts, other]) == [
                .file(
                    path: "/etc/hosts", mode: 0o644,
                    content: """
                        127.0.0.1 localhost
                        192.0.2.1 a.example
                        2001:db8::1 a.example
                        192.0.2.2 b.example

                        """), other,
            ])
    }

    @Test func saysWhichNameIsNotKnown() {
        #expect(throws: SandboxError("no c.example")) { try network("a.example:1", "c.example:1") }
    }

    @Test func letsThroughWhatIsListedAlone() throws {
        let text = NetworkRules(
            try network("a.example:443", "198.51.100.0/24:5432", "b.example:443", "[2001:db8:1::/48]:*")
        ).text
        func accepted(_ chain: String) -> [String] {
            let lines = text.split(separator: "\n").drop { !$0.contains("chain \(chain)") }
            return lines.prefix { $0 != "    }" }.filter { $0.hasSuffix("accept") && $0.contains("addr") }
                .map { String($0.drop { $0 == " " }) }
        }
        #expect(
            accepted("output") == [
                "meta l4proto { tcp, udp } ip6 daddr { 2001:db8:1::/48 } accept",
                "meta l4proto { tcp, udp } th dport 443 ip daddr { 192.0.2.1, 192.0.2.2 } accept",
                "meta l4proto { tcp, udp } th dport 443 ip6 daddr { 2001:db8::1 } accept",
                "meta l4proto { tcp, udp } th dport 5432 ip daddr { 198.51.100.0/24 } accept",
            ])
        #expect(
            accepted("input")
                == accepted("output").map {
                    $0.replacing("daddr", with: "saddr").replacing("dport", with: "sport")
                })
        for chain in ["output", "input", "forward"] {
            #expect(text.contains("type filter hook \(chain) priority filter; policy drop;"))
        }
    }

    @Test(
        arguments: [
            ("", [], nil),
            ("192.0.2.1 STREAM a.example\n192.0.2.1 DGRAM \n192.0.2.1 RAW \n", ["192.0.2.1"], nil),
            ("2001:db8::1 STREAM a\n192.0.2.1 STREAM \n2001:db8::1 DGRAM\n", ["2001:db8::1", "192.0.2.1"], nil),
            ("127.0.1.1 STREAM a\n", [], "127.0.1.1"), ("::1 STREAM a\n192.0.2.1 STREAM\n", ["192.0.2.1"], "::1"),
            ("fe80::1%eth0 STREAM a\n", [], nil), ("nonsense\n\n 192.0.2.1; flush STREAM\n", [], nil),
            ("::ffff:192.0.2.1 STREAM a\n", [], "::ffff:192.0.2.1"),
        ] as [(String, [String], String?)])
    func readsWhatGetentPrints(_ output: String, _ addresses: [String], _ other: String?) {
        let found = NameResolution.addresses(in: output)
        #expect(found.reachable.map(\.description) == addresses)
        #expect(found.other?.description == other)
    }

    @Test func takesABoundedNumberOfAddresses() {
        let output = (0..<1000).map { "198.51.\($0 / 256).\($0 % 256) STREAM a\n" }.joined()
        #expect(NameResolution.addresses(in: output).reachable.count == 32)
    }
}
