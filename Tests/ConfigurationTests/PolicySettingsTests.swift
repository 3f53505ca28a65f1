import Configuration
import Testing

@Suite struct PolicySettingsTests {
    private func applied(_ settings: [PolicySetting], to policy: Policy = Policy(name: "p")) throws -> Policy {
        try policy.with(settings, sources: MountSources())
    }

    @Test func replacesValuesAndAddsToLists() throws {
        var policy = Policy(name: "p", capabilities: [Capability(name: "CAP_KILL")!])
        policy.limits.pids = 7
        policy.mounts = [Mount(source: "/usr", target: "/a")]
        let result = try applied(
            [
                PolicySetting("--memory", .limit("memory"), "2G"), PolicySetting("--cpu", .limit("cpu"), "0.5"),
                PolicySetting("--network", .key("network"), "host"),
                PolicySetting("--seccomp", .key("seccomp"), "none"),
                PolicySetting("--capability", .item("capabilities"), "chown"),
                PolicySetting("--capability", .item("capabilities"), "kill"),
                PolicySetting("--mount", .mount, ["source": "/etc", "target": "/b", "mode": "rw", "owner": "nobody"]),
            ], to: policy)
        policy.limits.memory = ByteSize(bytes: 2 << 30)
        policy.limits.cpu = 0.5
        policy.network = .host
        policy.seccomp = .none
        policy.capabilities = [Capability(name: "CAP_CHOWN")!, Capability(name: "CAP_KILL")!]
        policy.mounts.append(Mount(source: "/etc", target: "/b", mode: .rw, owner: "nobody"))
        #expect(result == policy)
    }

    @Test func leavesThePolicyWhereNothingIsSet() throws {
        let policy = Policy(name: "p", seccomp: .strict)
        #expect(try applied([], to: policy) == policy)
    }

    @Test(arguments: [
        (PolicySetting("--pids", .limit("pids"), "0"), "--pids: expected a whole number from 1 to 4194304; got \"0\""),
        (
            PolicySetting("--memory", .limit("memory"), ""),
            "--memory: expected a size such as 512K, 16M or 4G of at least 1M; got \"\""
        ),
        (
            PolicySetting("--mount", .mount, ["source": "/usr", "target": "/a"]),
            "--mount: target: /a has a mount already, of /usr"
        ),
        (
            PolicySetting("--mount", .mount, ["source": "usr", "target": "/c"]),
            "--mount: source: expected an absolute path without . and ..; got \"usr\""
        ),
        (
            PolicySetting("--device", .item("devices"), "fuse"),
            "--device: expected paths below /dev such as /dev/fuse; got \"fuse\""
        ),
    ])
    func saysWhichOptionIsWrong(_ setting: PolicySetting, _ message: String) {
        var policy = Policy(name: "p")
        policy.mounts = [Mount(source: "/usr", target: "/a")]
        // Others before it do not move the blame.
        let settings = [PolicySetting("--cpu", .limit("cpu"), "1"), setting]
        #expect(throws: PolicySettingProblem(description: message)) { try applied(settings, to: policy) }
    }
}
