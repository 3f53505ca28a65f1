import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Commands and variables that no kernel takes, or that a program takes for something else.
    @Suite struct ArgumentTests {
        /// One argument above the kernel's 128 KiB: the Script cannot be executed, and the outcome says why.
        @Test func anArgumentThatIsTooLongIsSaidSo() throws {
            let long = String(repeating: "x", count: 140_000)
            try withHost(["tasks/t.yaml": "policy: small\nscripts: [{name: work, run: [echo, '\(long)']}]\n"]) { host in
                let ended = try host.complete("t")
                #expect(ended.outcome == "setup")
                #expect(ended.reason?.contains("140001 bytes") == true, "\(ended.reason ?? "")")
                #expect(try host.processings().count == 1)
            }
        }

        /// Each below the kernel's limit, together above what the Script's stack allows.
        @Test func tooManyArgumentsAreSaidSo() throws {
            let attack = try Attack()
            let line = """
                ulimit -s unlimited && exec "$0" run --report "$1" -- true $(python3 -c 'print(("x" * 100000 + " ") * 30)')
                """
            let report = "\(attack.stage.path)/report.json"
            let ended = try ChildProcess(
                ["sh", "-c", line, Installation.path(of: "altp"), report], environment: ["ALTP_RUN_DIR": attack.runs]
            ).wait()
            #expect(ended.status == 126)
            #expect(try attack.stage.read("report.json").contains("Argument list too long"))
            #expect(FileTree.names(in: attack.runs) == [])
        }

        /// Cut short at the NUL, another program or another file would be used than the one that was checked.
        @Test(arguments: ["[echo, \"a\\0b\"]", "[\"/bin/echo\\0x\"]", "\"echo a\\0b\""])
        func aNULInACommandExecutesNothing(_ run: String) throws {
            let attack = try Attack()
            try attack.stage.write("host/altp.yaml", "state: \(attack.stage.path)/state\n")
            try attack.stage.write("host/tasks/t.yaml", "scripts: [{name: work, run: \(run)}]\n")
            let check = try execute([Installation.path(of: "altp"), "check", "\(attack.stage.path)/host"])
            #expect(check.status != 0)
            #expect((check.output + check.errors).contains("t.yaml"))
        }

        @Test func aNULInAParameterExecutesNothing() throws {
            try withHost([
                "tasks/t.yaml": """
                policy: small
                params: {name: {type: string, required: true}}
                scripts: [{name: work, run: [touch, "/processing/${name}"]}]
                """
            ]) { host in
                let body = Array(#"{"params": {"name": "cut\u0000short"}}"#.utf8)
                let answer = try UnixRequest.send(host.socket, "POST", "/api/v1/tasks/t/trigger", body)
                #expect(answer.status.map { $0 >= 400 } == true)
                for processing in try host.processings() {
                    let ended = try host.ended(processing.id)
                    #expect(ended.status == "failed")
                    #expect(FileTree.names(in: "\(host.state)/processings/\(processing.id)/shared") == [])
                }
            }
        }

        @Test func anEmptyCommandIsNoProgram() throws {
            let attack = try Attack()
            var command = SandboxedCommand("")
            command.arguments = [""]
            let result = try attack.run(command)
            #expect(result.status == 127)
            #expect(result.report.kind != "success")
        }

        @Test func noCommandAtAllIsAUsageError() throws {
            let ended = try execute([Installation.path(of: "altp"), "run", "--"])
            #expect(ended.status != 0)
            #expect(ended.errors.contains("COMMAND"))
        }

        /// CVE-2021-4034: a program without even its name reads its environment for arguments.
        @Test(arguments: Filters.both) func aProgramWithoutArgumentsIsHarmless(_ filter: String) throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    none = (ctypes.c_char_p * 1)(None)
                    variables = (ctypes.c_char_p * 3)(b"--config=/scratch", b"ALTP_X=1", None)
                    for path in [b"/proc/1/exe", b"/usr/bin/true"]:
                        if os.fork() == 0: libc.execve(path, none, variables); os._exit(9)
                        os.wait()
                    print("done")
                    """, policy: filter)
            #expect(result.output == "done\n")
            #expect(result.report.kind == "success")
        }

        /// What looks like an option is the command's once it follows `--`.
        @Test func optionsOfTheCommandAreNotTheRunners() throws {
            let attack = try Attack()
            var command = SandboxedCommand("")
            command.arguments = [
                "echo", "--policy", "\(attack.stage.path)/secret", "--report", "\(attack.stage.path)/written", "--",
            ]
            let result = try attack.run(command)
            #expect(result.output == "--policy \(attack.stage.path)/secret --report \(attack.stage.path)/written --\n")
            #expect(access("\(attack.stage.path)/written", F_OK) != 0)
        }

        /// The runner is set up by its starter's environment; the Script's is its own.
        @Test func theStartersEnvironmentStaysOutside() throws {
            let attack = try Attack()
            var command = SandboxedCommand("env; cat /proc/self/environ")
            command.environment = [
                "AWS_SECRET_ACCESS_KEY": attack.secret, "LD_PRELOAD": "/nowhere.so", "BASH_ENV": attack.secret,
            ]
            // `run` expects that the secret is not printed.
            let result = try attack.run(command)
            #expect(!result.output.contains("LD_PRELOAD"))
        }
    }
}
