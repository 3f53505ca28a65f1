import Configuration
import Glibc
import SandboxPlan

/// A policy's allow list as one attempt gets it: every name looked up, and pinned for as long as the attempt runs.
struct AllowedNetwork: Sendable, Hashable {
    /// Lines of `/etc/hosts`.
    var hosts: [String] = []
    var endpoints: [Resolved] = []

    struct Resolved: Sendable, Hashable {
        var network: NetworkPrefix
        /// nil for every port.
        var port: UInt16?
    }

    /// Looks up the list's names on the host, now. Blocks its thread.
    ///
    /// - Returns: nil for a policy without a list.
    static func resolve(_ access: NetworkAccess) throws(SandboxError) -> AllowedNetwork? {
        guard case .allow(let endpoints) = access else { return nil }
        var resolution = NameResolution()
        return try AllowedNetwork(endpoints) { name throws(SandboxError) in try resolution.addresses(of: name) }
    }

    /// - Parameter lookUp: the addresses of a name, single ones.
    init(_ listed: [NetworkEndpoint], lookUp: (String) throws(SandboxError) -> [NetworkPrefix]) throws(SandboxError) {
        var addresses: [String: [NetworkPrefix]] = [:]
        for endpoint in listed {
            switch endpoint.host {
            case .network(let network): endpoints.append(Resolved(network: network, port: endpoint.port))
            case .name(let name):
                if addresses[name] == nil {
                    let found = try lookUp(name)
                    addresses[name] = found
                    hosts += found.map { "\($0) \(name)" }
                }
                endpoints += addresses[name, default: []].map { Resolved(network: $0, port: endpoint.port) }
            }
        }
    }

    /// The steps of a sandbox's root, with the names in its `/etc/hosts`.
    func pinned(_ steps: [PlanStep]) -> [PlanStep] {
        steps.map { step in
            guard case .file("/etc/hosts", let mode, let content) = step else { return step }
            return .file(path: "/etc/hosts", mode: mode, content: content + hosts.map { "\($0)\n" }.joined())
        }
    }
}

/// The link between a sandbox and its host: slirp4netns in the host's network, a tap interface in the sandbox's.
enum SandboxLink {
    /// Of the addresses for benchmarks (RFC 2544), which no network has. slirp4netns takes .2 and .3, the sandbox .100.
    static let network = "198.19.255.0/24"
    /// slirp4netns has no choice of it.
    static let networkIPv6 = "fd00::/64"
    static let interface = "tap0"
    /// What the link adds to the Script's group, where its work counts as the Script's: memory and processor time. Its one
    /// process does not come off the policy's `pids`.
    static let processes = 1

    /// What makes the sandbox's network: before its root, so that it comes up while that is made.
    static func steps(_ network: AllowedNetwork, tools: NetworkTools) -> [PlanStep] {
        [
            .makeNetwork,
            .startNetwork(arguments: [
                // Without its ways to the host's loopback and resolver, and confined by itself. Pid 1 gives it the
                // network namespace as descriptor 3 and takes its readiness from 4.
                tools.link.path, "--configure", "--enable-ipv6", "--mtu=65520", "--cidr=\(Self.network)",
                "--disable-host-loopback", "--disable-dns", "--enable-sandbox", "--enable-seccomp", "--ready-fd=4",
                "--netns-type=path", "/proc/self/fd/3", interface,
            ]),
            .filterNetwork(program: tools.filter.path, rules: NetworkRules(network).text),
        ]
    }

    /// What waits until it is up: before the host's files go out of sight.
    static let lastStep = PlanStep.awaitNetwork(interface: interface, address: "fd00::100", gateway: "fd00::2")
}
