@testable import Configuration
import FoundationEssentials

/// Findings are bounded and lie in the file; what reads without any survives being stored.
enum ConfigurationProperties {
    static func host(_ bytes: [UInt8]) {
        read(bytes) { root, findings in
            var host = HostConfiguration()
            _ = HostReader(findings: findings).read(root, into: &host)
            return nil as Policy?
        }
    }

    static func policy(_ bytes: [UInt8]) {
        read(bytes) { root, findings in
            PolicyReader(findings: findings, folder: "/nonexistent").policy(root, name: "fuzz")
        }
    }

    static func task(_ bytes: [UInt8]) {
        var host = HostConfiguration()
        host.pools["download"] = 4
        read(bytes) { root, findings in
            TaskReader(
                findings: findings, host: host, poolsAreKnown: true, policies: ["default": Policy(name: "default")],
                brokenPolicies: [:]
            ).task(root, name: "fuzz")
        }
    }

    private static func read<Value: Codable & Equatable>(
        _ bytes: [UInt8], _ make: (YAMLNode?, Findings) -> Value?
    ) {
        let findings = Findings(file: "fuzz.yaml")
        let root: YAMLNode?
        do throws(ConfigurationProblems) {
            root = try YAMLReader.read(bytes, file: "fuzz.yaml")
        } catch {
            require(!error.diagnostics.isEmpty, "a file that cannot be read has a finding")
            return
        }
        let value = make(root, findings)
        require(findings.diagnostics.count <= Findings.most + 1, "findings are bounded")
        let lines = bytes.count + 1
        for finding in findings.diagnostics {
            require(finding.line <= lines, "a finding lies in the file")
            require(finding.message.utf8.count < 8000, "a finding's length is bounded")
        }
        guard findings.isEmpty, let value else { return }
        do {
            let stored = try JSONEncoder().encode(value)
            require(try JSONDecoder().decode(Value.self, from: stored) == value, "what was read is stored as it is")
        } catch {
            require(false, "what was read can be stored: \(error)")
        }
    }
}
