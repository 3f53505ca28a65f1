import Configuration
import Foundation
import SandboxPlan
import Testing

@testable import Sandbox

/// What is written and read by hand, against the coder that it stands in for.
@Suite struct WrittenTextTests {
    private func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static let texts = [
        "", "plain", "a \"quoted\" \\ one", "line\nreturn\rtab\tback\u{8}feed\u{c}", "\u{1}\u{1f}\u{7f}", "é 語 🛰",
        "a/b",
    ]

    @Test(arguments: texts) func text(_ text: String) throws {
        #expect(JSONText.string(text) == (try encoded(text)))
        #expect(JSONText.array([text, "x"]) == (try encoded([text, "x"])))
        #expect(JSONText.object([text: "1", "b": text]) == (try encoded([text: "1", "b": text])))
    }

    @Test func specification() throws {
        var policy = Policy(name: "p")
        policy.mounts = [Mount(source: "/srv/a", target: "/a", mode: .rw, owner: "www-data")]
        var value = SandboxSpecification(
            reference: "42/calibrate#1", command: ["/bin/sh", "-c", "echo \"$A\""],
            environment: ["B": "2", "A": "1\n"],
            policy: policy, identity: SandboxIdentity(firstUID: 500_000))
        #expect(try value.json == encoded(value))
        value.processingDirectory = "/var/lib/altp/processings/42/shared"
        value.scriptsDirectory = "/var/lib/altp/content/abc"
        value.socketDirectory = "/run/altp/api"
        value.eventsLimit = 4096
        value.storage = .images
        value.isBare = true
        #expect(try value.json == encoded(value))
        #expect(try JSONDecoder().decode(SandboxSpecification.self, from: Data(value.json.utf8)) == value)
    }

    @Test func outcome() throws {
        var value = Outcome(kind: .success, exitStatus: 0, reason: "exit status 0", endedAt: 1_700_000_000_000)
        #expect(value.json == (try encoded(value)))
        value.kind = .oom
        value.signal = 9
        value.exitStatus = nil
        value.limit = LimitEvidence(name: "memory", limit: 1 << 30, peak: nil)
        value.startedAt = 1_699_999_999_999
        value.usage.cpuMilliseconds = 12
        value.usage.memoryPeak = 1 << 30
        value.usage.pidsPeak = 3
        value.usage.diskPeak = 0
        value.usage.inodesPeak = 7
        value.usage.networkSockets = 1
        value.log.bytes = 5
        value.deniedCalls = [DeniedCall(name: "unshare", count: 2, killed: false)]
        value.refusedConnections = [RefusedConnection(destination: "[2001:db8::7]:443", transport: "tcp", count: 3)]
        #expect(value.json == (try encoded(value)))
        value.limit?.peak = 5
        value.refusedConnections = []
        #expect(value.json == (try encoded(value)))
    }

    // MARK: Reports

    @Test func plainReports() {
        var report = InitReport()
        report.end = .exited(status: 75)
        (report.startedAt, report.endedAt, report.wallMilliseconds) = (1, 2, 3)
        (report.memoryPeak, report.diskFull, report.networkSockets) = (1 << 40, true, 4)
        #expect(InitReport(plain: Array(report.json.utf8)) == report)
        report.end = .signaled(9)
        report.diskFull = false
        report.networkSockets = -1
        #expect(InitReport(plain: Array(report.json.utf8)) == report)
        #expect(InitReport(json: Array(report.json.utf8)) == report)
    }

    @Test func reportsForTheCoder() {
        var report = InitReport()
        report.denials = [.init(architecture: 1, number: 2, count: 3, killed: false)]
        #expect(InitReport(plain: Array(report.json.utf8)) == nil)
        #expect(InitReport(json: Array(report.json.utf8)) == report)
        report.denials = []
        report.interruption = .disk
        #expect(InitReport(plain: Array(report.json.utf8)) == nil)
        #expect(InitReport(json: Array(report.json.utf8)) == report)
        report.interruption = nil
        report.end = .setup(step: "clone3", errno: 11)
        #expect(InitReport(plain: Array(report.json.utf8)) == nil)
        #expect(InitReport(json: Array(report.json.utf8)) == report)
    }

    @Test(arguments: [
        ("\"cpu_ms\":-1,", ""), ("\"denials\":[]", "\"denials\":[],\"denials\":[]"), ("}\n", "}"), ("}\n", "}\n}"),
        ("\"wall_ms\":0", "\"wall_ms\":99999999999999999999"), ("\"exit_status\":0,", ""),
        ("\"pids_peak\"", "\"other\""),
        ("\"version\":1", "\"version\":2"), ("\"exit_status\":0", "\"exit_status\":4294967296"),
    ])
    func brokenReports(_ part: String, _ replacement: String) {
        let text = InitReport().json
        #expect(InitReport(plain: Array(text.utf8)) != nil)
        let broken = text.replacingOccurrences(of: part, with: replacement)
        #expect(broken != text)
        #expect(InitReport(plain: Array(broken.utf8)) == nil)
    }
}
