import Configuration
import FoundationEssentials
@testable import Sandbox
import SandboxPlan

enum SandboxProperties {
    /// What a profile says, it says again after being written.
    static func seccomp(_ bytes: [UInt8]) {
        guard let profile = try? SeccompProfile.parse(bytes, "fuzz.json") else { return }
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let written = Array(try encoder.encode(profile))
            let again = try SeccompProfile.parse(written, "fuzz.json")
            require(Array(try encoder.encode(again)) == written, "a profile reads as it was written")
        } catch {
            require(false, "a profile that was written can be read: \(error)")
        }
    }

    /// A report that is read is written as it was, and judged without a crash.
    static func report(_ bytes: [UInt8]) {
        guard let report = InitReport(json: bytes) else { return }
        let again = InitReport(json: Array(report.json.utf8))
        require(again == report, "a report is written as it was read")
        let specification = SandboxSpecification(
            reference: "1/fuzz#1", command: ["/bin/true"], environment: [:], policy: Policy(name: "fuzz"),
            identity: SandboxIdentity(firstUID: 100_000))
        _ = Outcome(report, of: specification)
    }

    /// Pid 1 reads what its starter printed, to the letter.
    static func plan(_ bytes: [UInt8]) {
        guard let plan = try? Plan(text: String(decoding: bytes, as: UTF8.self)) else { return }
        require((try? Plan(text: plan.text)) == plan, "a plan reads as it was printed")
    }
}
