import Configuration
import SandboxPlan

/// The nftables ruleset of a sandbox's network namespace.
///
/// It keeps no connections in mind: that would be memory of the kernel's which a Script could fill. Nothing comes in that
/// the Script did not ask for, because slirp4netns forwards nothing by itself. What is refused is counted by destination in
/// sets that hold so many and no more; the rest is counted by protocol alone.
struct NetworkRules {
    private let network: AllowedNetwork

    init(_ network: AllowedNetwork) { self.network = network }

    /// Nobody's business, or the host's: refused also when a broad prefix is allowed.
    private static let neverIPv4 = "{ 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, \(SandboxLink.network), 224.0.0.0/3 }"
    private static let neverIPv6 = "{ ::/127, ::ffff:0:0/96, \(SandboxLink.networkIPv6), fe80::/10, ff00::/8 }"
    private static let neighbours = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"

    var text: String {
        let refused = RefusalSets.self
        return """
            table inet \(refused.table) {
                set \(refused.ipv4) { type ipv4_addr . inet_proto . inet_service; size \(refused.most); flags dynamic; counter; }
                set \(refused.ipv6) { type ipv6_addr . inet_proto . inet_service; size \(refused.most); flags dynamic; counter; }
                set \(refused.others) { type inet_proto; size 256; flags dynamic; counter; }
                chain answer {
                    meta l4proto tcp reject with tcp reset
                    drop
                }
                chain refuse {
                    meta nfproto ipv4 meta l4proto { tcp, udp, udplite, sctp, dccp } update @\(refused.ipv4) { ip daddr . meta l4proto . th dport } goto answer
                    meta nfproto ipv6 meta l4proto { tcp, udp, udplite, sctp, dccp } update @\(refused.ipv6) { ip6 daddr . meta l4proto . th dport } goto answer
                    update @\(refused.others) { meta l4proto } goto answer
                    goto answer
                }
                chain output {
                    type filter hook output priority filter; policy drop;
                    oif lo accept
                    \(Self.neighbours)
                    icmp type echo-request goto refuse
                    icmpv6 type echo-request goto refuse
                    meta l4proto { icmp, icmpv6 } drop
                    ip daddr \(Self.neverIPv4) goto refuse
                    ip6 daddr \(Self.neverIPv6) goto refuse
            \(rules(port: "dport", address: "daddr"))
                    goto refuse
                }
                chain input {
                    type filter hook input priority filter; policy drop;
                    iif lo accept
                    \(Self.neighbours)
                    icmp type { destination-unreachable, time-exceeded, parameter-problem } accept
                    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } accept
            \(rules(port: "sport", address: "saddr"))
                }
                chain forward {
                    type filter hook forward priority filter; policy drop;
                }
            }

            """
    }

    /// A rule for each port and family, with the addresses as a set, which the kernel finds at once.
    private func rules(port: String, address: String) -> String {
        var rules: [String] = []
        for (number, endpoints) in Dictionary(grouping: network.endpoints, by: \.port)
            .sorted(by: { ($0.key ?? 0) < ($1.key ?? 0) })
        {
            let ports = number.map { " th \(port) \($0)" } ?? ""
            for (family, isIPv6) in [("ip", false), ("ip6", true)] {
                let networks = Set(endpoints.map(\.network)).filter { $0.isIPv6 == isIPv6 }.map(\.description).sorted()
                guard !networks.isEmpty else { continue }
                rules.append(
                    "meta l4proto { tcp, udp }\(ports) \(family) \(address) { \(networks.joined(separator: ", ")) } accept"
                )
            }
        }
        return rules.map { "        \($0)" }.joined(separator: "\n")
    }
}
