/// Reads a policy's `network`.
struct NetworkReader {
    let findings: Findings

    /// A list that is longer is no list that anybody reads; and each name is looked up for each attempt.
    static let mostEndpoints = 64

    func access(_ node: YAMLNode) -> NetworkAccess {
        switch node.content {
        case .scalar("none", _): return .none
        case .scalar("host", _): return .host
        case .mapping:
            guard let reader = MappingReader(node, "a network", keys: ["allow"], findings) else { return .none }
            reader.require("allow", "a list of endpoints")
            guard let value = reader.value("allow") else { return .none }
            return .allow(endpoints(value))
        default:
            findings.report(node, "network: expected none, host or {allow: [\"NAME:PORT\"]}; got \(node.kind)")
            return .none
        }
    }

    private func endpoints(_ list: YAMLNode) -> [NetworkEndpoint] {
        guard case .sequence(let items) = list.content else {
            findings.report(
                list, "allow: expected a list of endpoints such as [\"landsat.example:443\"]; got \(list.kind)")
            return []
        }
        if items.isEmpty {
            findings.report(list, "allow: the list is empty; write network: none for a Script that needs no network")
        }
        if items.count > Self.mostEndpoints {
            findings.report(list, "allow: \(items.count) endpoints; at most \(Self.mostEndpoints) can be listed")
            return []
        }
        var endpoints: [NetworkEndpoint] = []
        var lines: [NetworkEndpoint: Int] = [:]
        for item in items {
            guard let text = item.text, !item.isNull else {
                findings.report(item, "allow: expected an endpoint such as \"landsat.example:443\"; got \(item.kind)")
                continue
            }
            do throws(NetworkEndpoint.Mistake) {
                let endpoint = try NetworkEndpoint(parsing: text)
                if let line = lines[endpoint] {
                    findings.report(item, "allow: \(text.quoted) is listed in line \(line) already")
                } else {
                    lines[endpoint] = item.line
                    endpoints.append(endpoint)
                }
            } catch {
                findings.report(item, "allow: \(text.quoted): \(error.message)")
            }
        }
        return endpoints
    }
}
