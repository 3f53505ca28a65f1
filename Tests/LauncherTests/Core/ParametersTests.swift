import Configuration
import Launcher
import Testing

struct ParametersTests {
    private static let declared = [
        Parameter(name: "scene", required: true),
        Parameter(name: "cloud_max", kind: .number, defaultValue: "40"),
        Parameter(name: "count", kind: .integer),
        Parameter(name: "dry-run", kind: .boolean),
    ]

    @Test func defaultsAreFilledIn() throws {
        let parameters = try Parameters(Self.declared, given: ["scene": "LC08", "count": "-3"], extras: .refused)
        #expect(parameters.values == ["scene": "LC08", "cloud_max": "40", "count": "-3"])
    }

    @Test func allProblemsAtOnce() {
        let error = #expect(throws: ParameterError.self) {
            try Parameters(Self.declared, given: ["cloud_max": "much", "count": "1.5", "seen": "x"], extras: .refused)
        }
        #expect(
            error?.problems.map(\.description) == [
                "params.scene: is required, a string",
                "params.cloud_max: expected a number, found `much`",
                "params.count: expected a whole number, found `1.5`",
                "params.seen: is not a parameter of the Task, which has scene, cloud_max, count, dry-run",
            ])
    }

    @Test func anEventMayCarryMore() throws {
        let parameters = try Parameters(Self.declared, given: ["scene": "a", "seen": "x"], extras: .ignored)
        #expect(parameters.values["seen"] == nil)
    }

    @Test(
        arguments: [
            (.number, "1e3", true), (.number, "-0.5", true), (.number, "nan", false), (.number, "0x10", false),
            (.number, "1e999", false), (.number, "", false), (.number, "+1", false), (.number, " 1", false),
            (.integer, "9223372036854775807", true), (.integer, "9223372036854775808", false), (.integer, "+1", false),
            (.boolean, "true", true), (.boolean, "True", false), (.boolean, "1", false),
            (.string, "", true), (.string, "a\0b", false),
        ] as [(Parameter.Kind, String, Bool)])
    func kinds(kind: Parameter.Kind, value: String, isRight: Bool) {
        let result = try? Parameters([Parameter(name: "p", kind: kind)], given: ["p": value], extras: .refused)
        #expect((result != nil) == isRight)
    }

    @Test(arguments: [
        ("${scene}", "LC$8{}"), ("a${scene}b${scene}", "aLC$8{}bLC$8{}"), ("$$", "$"), ("$${scene}", "${scene}"),
        ("$$$${scene}", "$${scene}"), ("end$", "end$"), ("$scene", "$scene"), ("[${count}]", "[]"), ("", ""),
        ("{scene}", "{scene}"),
    ])
    func substitution(text: String, expected: String) throws {
        let parameters = try Parameters(Self.declared, given: ["scene": "LC$8{}"], extras: .refused)
        #expect(try parameters.arguments(.arguments(["x", text])) == ["x", expected])
    }

    @Test func substitutionErrors() throws {
        let parameters = try Parameters(Self.declared, given: ["scene": "a"], extras: .refused)
        let error = #expect(throws: ParameterError.self) {
            try parameters.arguments(.arguments(["x", "${seen}", "${scene"]))
        }
        #expect(
            error?.problems.map(\.description) == [
                "run[1]: `${seen}` names no parameter of the Task; write `$$` for a literal `$`",
                "run[2]: `${` without its `}` in `${scene`; write `$$` for a literal `$`",
            ])
        #expect(try parameters.arguments(.shell("echo ${seen}")) == ["/bin/sh", "-c", "echo ${seen}"])
    }

    private func environment(_ task: [String: String], _ script: [String: String]) throws -> [String: String] {
        let parameters = try Parameters(Self.declared, given: ["scene": "a", "dry-run": "true"], extras: .refused)
        return try AttemptEnvironment(
            processing: 42, task: "landsat", script: "load", attempt: 2, event: "{}", parameters: parameters,
            taskEnvironment: task, scriptEnvironment: script
        ).variables()
    }

    @Test func wholeEnvironment() throws {
        let variables = try environment(["A": "task", "LANG": "de_DE.UTF-8"], ["A": "script"])
        #expect(
            variables == [
                "A": "script", "LANG": "de_DE.UTF-8", "TMPDIR": "/tmp", "HOME": "/scratch",
                "PATH": "/scripts:/usr/local/bin:/usr/bin:/bin", "PYTHONUNBUFFERED": "1", "ALTP_PROCESSING": "42",
                "ALTP_TASK": "landsat", "ALTP_SCRIPT": "load", "ALTP_ATTEMPT": "2", "ALTP_EVENT": "{}",
                "ALTP_EVENTS": "/run/altp-events", "PARAM_SCENE": "a", "PARAM_CLOUD_MAX": "40", "PARAM_DRY_RUN": "true",
            ])
    }

    @Test(arguments: [
        ("ALTP_TASK", "x", "environment.ALTP_TASK: variables that begin with ALTP_ are set by the Launcher alone"),
        ("A=B", "x", "environment.A=B: a variable's name is not empty and contains neither `=` nor NUL"),
        ("A", "\0", "environment.A: the value contains a NUL character, which no variable can"),
    ])
    func environmentErrors(name: String, value: String, message: String) {
        let error = #expect(throws: ParameterError.self) { try environment([:], [name: value]) }
        #expect(error?.description == message)
    }

    @Test func execBounds() throws {
        let longest = String(repeating: "x", count: 131_071)
        try ExecBounds.check(arguments: [longest], environment: [:])
        #expect(throws: ParameterError.self) { try ExecBounds.check(arguments: [longest + "x"], environment: [:]) }
        #expect(throws: ParameterError.self) { try ExecBounds.check(arguments: [], environment: ["A": longest]) }
        let many = Array(repeating: longest, count: 16)
        let error = #expect(throws: ParameterError.self) { try ExecBounds.check(arguments: many, environment: [:]) }
        #expect(
            error?.description
                == "run: arguments and environment take 2097280 bytes together; the kernel passes at most 2031616")
    }
}
