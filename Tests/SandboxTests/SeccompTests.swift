import Configuration
import SandboxPlan
import Testing

@testable import Sandbox

@Suite struct SeccompTests {
    @Test func compilesTheBuiltInPoliciesOnce() throws {
        let compiler = SeccompCompiler()
        let first = try #require(try compiler.filter(.default))
        let second = try #require(try compiler.filter(.default))
        #expect(first.instructions > 300)
        #expect(first.file === second.file)
        #expect(first.plan.denial == .error(1))
        let strict = try #require(try compiler.filter(.strict))
        #expect(strict.plan.denial == .kill)
        #expect(strict.plan.answer(architecture: Architecture.native, number: 41, arguments: [2, 1, 0]) == .error(97))
        #expect(try compiler.filter(.none) == nil)
    }

    @Test func saysWhatIsWrongWithAProfile() {
        #expect(
            throws: SandboxError(
                "reading the seccomp profile /nowhere.json: open /nowhere.json: No such file or directory")
        ) {
            try SeccompCompiler().filter(.file("/nowhere.json"))
        }
    }

    @Test func everyNameOfTheBuiltInPoliciesIsACall() {
        // Newer than the libseccomp of Debian 12; they mean something where it is newer.
        let newer: Set = [
            "cachestat", "fchmodat2", "futex_requeue", "futex_wait", "futex_wake", "map_shadow_stack", "mseal",
        ]
        for profile in [SeccompProfile.default, .strict] {
            for rule in profile.syscalls {
                for name in rule.names where !newer.contains(name) {
                    #expect(SeccompCompiler.number(of: name) != nil, "\(name)")
                }
            }
        }
    }
}

@Suite struct BuiltInRevisionTests {
    /// Else a host would go on with the filters of the version before. When a profile was changed on purpose, the revision
    /// becomes what this says.
    @Test func theRevisionIsThatOfTheProfiles() {
        let content = SeccompProfile.default.fingerprint + SeccompProfile.strict.fingerprint
        #expect(SeccompProfile.builtInRevision == Digest(content).text)
    }
}
