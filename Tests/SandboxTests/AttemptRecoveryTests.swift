import Configuration
import Glibc
import SandboxPlan
import Testing

@testable import Sandbox

@Suite struct AttemptRecoveryTests {
    /// After a power cut, that there is no trace of an attempt does not say that it never ran.
    @Test(arguments: [[], ["lock"], ["lock", "spec.json"]])
    func whatLeftNoTraceHasNeverStartedOnlyWithinOneBoot(_ files: [String]) throws {
        var template = Array("/var/tmp/altp-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = try? TreeRemoval.remove(path) }
        // Empty, as a power cut leaves files whose content was not written back.
        for name in files { close(open("\(path)/\(name)", O_CREAT | O_WRONLY, 0o600)) }
        let places = [path, "\(path)/gone"]
        for place in places {
            guard case .neverStarted = try recover(place, isOfThisBoot: true) else {
                Issue.record("\(place) counts as started")
                continue
            }
            guard case .lost(let outcome) = try recover(place, isOfThisBoot: false) else {
                Issue.record("\(place) does not count as lost")
                continue
            }
            #expect(outcome.kind == .lost)
        }
    }

    private func recover(_ path: String, isOfThisBoot: Bool) throws -> Recovery {
        // No group is touched: none could have been made.
        let layout = CgroupLayout(version: .v1, parents: [:], ioParent: nil)
        return try AttemptRecovery(
            directory: AttemptDirectory(path: path), isOfThisBoot: isOfThisBoot,
            cgroups: CgroupTree(layout: layout, name: nil), watcher: ProcessWatcher(), tellLeftover: { _ in }
        ).recover()
    }
}
