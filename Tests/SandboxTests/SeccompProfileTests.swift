import Glibc
import SandboxPlan
import Testing

@testable import Sandbox

@Suite struct SeccompProfileTests {
    private static func parse(_ text: String) throws -> SeccompProfile { try .parse(Array(text.utf8), "p.json") }

    @Test func readsWhatDockerAndPodmanWrite() throws {
        let profile = try Self.parse(
            """
            {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "ENOSYS", "defaultErrnoRet": 38,
             "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
                         {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]}],
             "flags": ["SECCOMP_FILTER_FLAG_LOG"],
             "syscalls": [
              {"names": ["read", "write"], "action": "SCMP_ACT_ALLOW", "args": [], "comment": "", "includes": {}, "excludes": {}},
              {"name": "mount", "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
              {"names": ["umount2"], "action": "SCMP_ACT_ERRNO", "errno": "EPERM", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
              {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
              {"names": ["close"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "4.8"}},
              {"names": ["dup"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390x"]}},
              {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
               "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 8, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]}]}
            """)
        #expect(profile.defaultErrnoRet == ENOSYS)
        #expect(profile.flags == [.log])
        let plain = profile.resolved(capabilities: [], kernel: KernelVersion("6.1"))
        #expect(
            plain.syscalls.map(\.names) == [
                ["read", "write"], ["umount2"], ["ptrace"], ["personality"], ["personality"],
            ])
        #expect(plain.syscalls[1].errnoRet == EPERM)
        #expect(plain.syscalls[3].args.count == 1)
        #if arch(x86_64)
            #expect(plain.architectures.map(\.name) == ["SCMP_ARCH_X86", "SCMP_ARCH_X32"])
        #endif
        let granted = profile.resolved(capabilities: ["CAP_SYS_ADMIN"], kernel: KernelVersion("4.4.302"))
        #expect(granted.syscalls.map(\.names).prefix(3) == [["read", "write"], ["mount"], ["close"]])
        #expect(try FilterBuilder(profile: plain, name: "p").build().instructions > 10)
    }

    @Test(arguments: [
        (#"{"syscalls": []}"#, "at .defaultAction: is missing"),
        (#"{"defaultAction": "SCMP_ACT_SHRUG"}"#, "at .defaultAction: unknown value SCMP_ACT_SHRUG"),
        (#"{"defaultAction": "SCMP_ACT_TRACE"}"#, "at .defaultAction: SCMP_ACT_TRACE: there is no tracer"),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/x"}"#, "at .listenerPath: user notification"),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "flags": ["NEW"]}"#, "at .flags: unknown value NEW"),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["VAX"]}"#,
            "at .architectures: unknown architecture VAX"
        ),
        (#"{"defaultAction": "SCMP_ACT_ALLOW", "syscall": []}"#, "at .syscall: unknown key"),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_NOTIFY"}]}"#,
            "at .syscalls[0].action: SCMP_ACT_NOTIFY: there is no agent"
        ),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "errno": "EX"}]}"#,
            "at .syscalls[0].errno: EX is no error's name"
        ),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_KILL", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]}"#,
            "at .syscalls[0].args[0].index: 6: a call has the arguments 0 to 5"
        ),
        (
            #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "name": "write", "action": "SCMP_ACT_KILL"}]}"#,
            "at .syscalls[0].name: there are names already"
        ),
    ])
    func saysWhatIsWrongAndWhere(_ text: String, _ message: String) throws {
        let error = #expect(throws: SandboxError.self) { try Self.parse(text) }
        #expect(error?.description.hasPrefix("reading the seccomp profile p.json: \(message)") == true, "\(error!)")
    }

    @Test(arguments: [
        UInt32(0), 0x5401, 0x5411, 0x5412, 0x5413, 0x541b, 0x541c, 0x541d, 0x8000_5412, 0x1_5412, .max,
    ])
    func everyControlButTwoHasItsPrefix(_ request: UInt32) {
        let prefixes = SeccompProfile.prefixes(allBut: [0x5412, 0x541c])
        for high: UInt64 in [0, 1, 0xffff_ffff] {
            let value = high << 32 | UInt64(request)
            let matches = prefixes.filter { value & $0.mask == $0.value }.count
            #expect(matches == ([0x5412, 0x541c].contains(request) ? 0 : 1))
        }
    }

    private static let numbers: [(Int32, Bool)] = [
        (334, false), (335, true), (400, true), (-1, true), (0x4000_0190, true), (0x4000_0208, false),
        (0x4000_0224, true), (0x4000_0001, false),
    ]

    @Test(arguments: numbers)
    func aProfileOfLowCallsIsNoOlderThanItsTable(_ number: Int32, _ isNewer: Bool) throws {
        #if arch(x86_64)
            let profile = SeccompProfile(defaultAction: .killProcess, syscalls: [.init(names: ["read", "exit"])])
            var plan = try FilterBuilder(profile: profile, name: "low").build().plan
            plan.newestCalls[Architecture.native & ~Architecture.wideBit] = 334
            #expect(plan.isNewer(architecture: Architecture.native, number: number) == isNewer)
        #endif
    }

    @Test func aStoredFilterIsTakenOnlyWhole() throws {
        let packed = FilterCache.pack(key: [1, 2, 3], answers: [4], program: [5, 6, 7, 8, 9])
        let parts = try #require(FilterCache.unpack(packed))
        #expect(parts.key == [1, 2, 3] && parts.answers == [4] && parts.program == [5, 6, 7, 8, 9])
        for index in packed.indices {
            var damaged = packed
            damaged[index] ^= 1
            #expect(FilterCache.unpack(damaged) == nil, "byte \(index)")
            #expect(FilterCache.unpack(Array(packed[..<index])) == nil)
        }
    }

    @Test func theAnswerFollowsTheArguments() throws {
        let rule = SeccompProfile.Rule(
            names: ["socket"], action: .error, errnoRet: EINVAL,
            args: [.init(index: 0, value: 16, valueTwo: nil, op: .equal)])
        let profile = SeccompProfile(defaultAction: .error, defaultErrnoRet: EACCES, syscalls: [rule])
        let plan = try FilterBuilder(profile: profile, name: "p").build().plan
        let number = try #require(SeccompCompiler.number(of: "socket"))
        #expect(plan.answer(architecture: Architecture.native, number: number, arguments: [16, 0]) == .error(EINVAL))
        #expect(plan.answer(architecture: Architecture.native, number: number, arguments: [2, 0]) == .error(EACCES))
    }
}
