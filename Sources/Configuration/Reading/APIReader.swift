/// Reads `api` of altp.yaml.
struct APIReader {
    let findings: Findings
    /// Whether the files of TLS must be there and readable: for the Launcher and `altp check`, and not for whoever only
    /// wants to know where the state folder is.
    let checksFiles: Bool

    private static let keys = ["listen", "tls", "insecure", "hosts", "limits", "audit"]
    private static let limitKeys = [
        "body", "header", "connections", "connections_per_client", "requests_per_second", "burst", "request_time",
    ]
    private static let mostAddresses = 16

    func api(_ node: YAMLNode) -> APIConfiguration {
        var api = APIConfiguration()
        guard let reader = MappingReader(node, "an api", keys: Self.keys, findings) else { return api }
        api.insecure = reader.boolean("insecure") ?? false
        if let tls = reader.collection("tls") { api.tls = self.tls(tls) }
        api.listen = listen(reader, api)
        api.hosts = hosts(reader)
        if let node = reader.collection("limits") { api.limits = limits(node) }
        if let node = reader.collection("audit"),
            let audit = MappingReader(node, "an audit", keys: ["keep", "entries"], findings)
        {
            api.audit.keep = audit.timespan("keep", atLeast: 1) ?? api.audit.keep
            api.audit.entries = audit.integer("entries", 100...10_000_000) ?? api.audit.entries
        }
        return api
    }

    private func listen(_ reader: MappingReader, _ api: APIConfiguration) -> [ListenAddress] {
        guard let node = reader.collection("listen") else { return [] }
        // One address needs no list.
        let items: [YAMLNode]
        if case .sequence(let list) = node.content { items = list } else { items = [node] }
        guard items.count <= Self.mostAddresses else {
            findings.report(node, "listen: \(items.count) addresses; at most \(Self.mostAddresses) can be listed")
            return []
        }
        var addresses: [ListenAddress] = []
        for item in items {
            guard let text = item.text, !item.isNull else {
                findings.report(item, "listen: expected an address such as \"127.0.0.1:8470\"; got \(item.kind)")
                continue
            }
            do throws(ListenAddress.Mistake) {
                let address = try ListenAddress(parsing: text)
                if addresses.contains(address) {
                    findings.report(item, "listen: \(address) is listed already")
                } else if !address.isLoopback, !reader.has("tls"), !api.insecure {
                    findings.report(
                        item,
                        "listen: \(address) can be reached from other hosts, and without tls everybody on the way reads the "
                            + "tokens. Give tls: {certificate: FILE, key: FILE}, listen on 127.0.0.1, or consent with "
                            + "insecure: true")
                } else {
                    addresses.append(address)
                }
            } catch {
                findings.report(item, "listen: \(text.quoted): \(error.message)")
            }
        }
        return addresses
    }

    private func tls(_ node: YAMLNode) -> TLSFiles? {
        guard let reader = MappingReader(node, "a tls", keys: ["certificate", "key"], findings) else { return nil }
        reader.require("certificate", "the PEM file of the certificate and those that it hangs on")
        reader.require("key", "the PEM file of its private key")
        // Both are looked at, so that all that is wrong is said.
        let files = (file("certificate", .certificate, reader), file("key", .key, reader))
        guard case (let certificate?, let key?) = files else { return nil }
        return TLSFiles(certificate: certificate, key: key)
    }

    private func file(_ key: String, _ content: TLSFileCheck.Content, _ reader: MappingReader) -> String? {
        guard let path = reader.folder(key), let value = reader.value(key) else { return nil }
        if checksFiles, case .failure(let refusal) = TLSFileCheck.read(path, as: content) {
            findings.report(value, "\(key): \(path) \(refusal)")
        }
        return path
    }

    private func hosts(_ reader: MappingReader) -> [String] {
        (reader.list("hosts", "a list of names such as [altp.example.org]") ?? []).compactMap { item in
            let name = item.text?.lowercased() ?? ""
            let isName =
                (1...253).contains(name.utf8.count)
                && name.utf8.allSatisfy {
                    switch $0 {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
                    default: false
                    }
                }
            if isName { return name }
            findings.report(
                item, "hosts: expected a name without a port, such as altp.example.org; got \(item.kind)")
            return nil
        }
    }

    private func limits(_ node: YAMLNode) -> APILimits {
        var limits = APILimits()
        guard let reader = MappingReader(node, "limits", keys: Self.limitKeys, findings) else { return limits }
        limits.body = bounded(reader, "body", 1 << 10, 256 << 20) ?? limits.body
        limits.header = bounded(reader, "header", 4 << 10, 1 << 20) ?? limits.header
        limits.connections = reader.integer("connections", 1...100_000) ?? limits.connections
        limits.connectionsPerClient =
            reader.integer("connections_per_client", 1...100_000) ?? limits.connectionsPerClient
        limits.requestsPerSecond =
            reader.number("requests_per_second", above: 0, upTo: 1_000_000) ?? limits.requestsPerSecond
        limits.burst = reader.integer("burst", 1...1_000_000) ?? limits.burst
        limits.requestTime = reader.timespan("request_time", atLeast: 1000) ?? limits.requestTime
        return limits
    }

    private func bounded(_ reader: MappingReader, _ key: String, _ least: Int64, _ most: Int64) -> ByteSize? {
        guard let size = reader.size(key, atLeast: least), let value = reader.value(key) else { return nil }
        guard size.bytes <= most else {
            findings.report(value, "\(key): expected at most \(ByteSize(bytes: most)); got \(value.kind)")
            return nil
        }
        return size
    }
}
