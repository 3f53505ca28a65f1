import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// A Launcher that runs Scripts as bare processes.
    @Suite struct WithoutSandboxesTests {
        private static let arguments = ["--without-sandboxes"]

        private static let files = [
            "tasks/chain.yaml": """
            policy: small
            params: {name: {type: string, default: world}}
            scripts:
              - {name: first, run: [hello.sh, "${name}"], workdir: processing}
              - {name: second, run: 'cat greeting; echo error >&2', workdir: processing}
            """,
            "tasks/chain/hello.sh": """
            #!/bin/sh
            echo "hello $1" >greeting
            echo mine >"$HOME/file"
            id -u; pwd; readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/pid; ls -d /etc/passwd "$TMPDIR"
            """,
            "tasks/fail.yaml": "policy: small\nscripts: [{name: fail, run: 'exit 3'}]\n",
            "tasks/missing.yaml": "policy: small\nscripts: [{name: missing, run: [no-such-command]}]\n",
            "tasks/soft.yaml": """
            policy: small
            scripts:
              - {name: soft, run: '[ "$ALTP_ATTEMPT" = 2 ] || exit 75', retry: {limit: 2, delay: 0s}}
            """,
            "tasks/find.yaml": #"""
            policy: small
            scripts: [{name: find, run: 'echo "{\"type\": \"found\", \"id\": \"a\"}" >>"$ALTP_EVENTS"'}]
            """#,
            "tasks/found.yaml": "on_event: found\npolicy: small\nscripts: [{name: take, run: 'echo $ALTP_EVENT'}]\n",
            // Its descendants leave its session and lose their parent.
            "tasks/leave.yaml": """
            policy: small
            scripts:
              - {name: leave, run: '(setsid sh -c "(trap \\"\\" TERM; exec sleep 4711.25) &" &); echo left'}
            """,
            "tasks/long.yaml": """
            policy: small
            scripts: [{name: long, run: 'sleep 4712.25 & exec sleep 4712.5', limits: {wall_time: 1s, grace: 1s}}]
            """,
            "tasks/wait.yaml": """
            policy: small
            scripts: [{name: wait, run: 'while [ ! -e open ]; do sleep 0.05; done; echo done', workdir: processing}]
            """,
        ]

        private static func sleeper(_ seconds: String) -> pid_t? { HostProcess.find(commandLine: ["sleep", seconds]) }

        /// Its state folder lies where the Scripts' users can get to it.
        private func withBareHost(_ body: (Host) throws -> Void) throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            chmod(folder.path, 0o711)
            try withHost(Self.files, state: "\(folder.path)/state", arguments: Self.arguments, body)
        }

        private func open(_ id: Int64, _ host: Host) throws {
            #expect(
                FileManager.default.createFile(atPath: "\(host.state)/processings/\(id)/shared/open", contents: nil))
        }

        @Test func itSaysThatNothingIsIsolated() throws {
            try withBareHost { host in
                #expect(host.log.contains("NOTHING IS ISOLATED"))
                #expect(host.log.contains("not enforced without sandboxes"))
                #expect(host.log.contains("memory: 128M"))
                let view = try host.json(HostView.self, "status")
                #expect(view.withoutSandboxes)
                #expect(try host.altp("status").contains("NONE: nothing is isolated"))
            }
            try withHost(Self.files) { host in
                #expect(!host.log.contains("ISOLATED"))
                let view = try host.json(HostView.self, "status")
                #expect(!view.withoutSandboxes)
            }
        }

        @Test func aChainRunsInTheHostsNamespacesUnderAUserOfItsOwn() throws {
            try withBareHost { host in
                let processing = try host.complete("chain", "--param", "name=you")
                #expect(processing.status == "success")
                let lines = try host.altp("logs", "\(processing.id)/first").split(separator: "\n").map(String.init)
                try #require(lines.count == 7)
                let user = try #require(UInt32(lines[0]))
                #expect(user >= 100_000)
                #expect(lines[1] == "\(host.state)/processings/\(processing.id)/shared")
                for (line, name) in zip(lines[2...4], ["mnt", "net", "pid"]) {
                    #expect(line == HostProcess.namespace(name, of: getpid()))
                }
                #expect(lines[5] == "/etc/passwd")
                #expect(lines[6] == "\(host.state)/processings/\(processing.id)/first.1/scratch")
                #expect(try host.altp("logs", "\(processing.id)/second") == "hello you\nerror\n")
                let file = "\(host.state)/processings/\(processing.id)/first.1/scratch/file"
                var status = stat()
                #expect(lstat(file, &status) == 0 && status.st_uid == user)
            }
        }

        @Test func outcomesAreWhatTheyAre() throws {
            try withBareHost { host in
                let failed = try host.complete("fail")
                #expect(failed.outcome == "hard")
                #expect(try host.complete("missing").outcome == "setup")
                let soft = try host.complete("soft")
                #expect(soft.status == "success")
                #expect(try host.complete("find").status == "success")
                let found = try eventually("its Event is taken") {
                    try host.processings().first { $0.task == "found" && $0.endedAt != nil }
                }
                #expect(try host.altp("logs", "\(found.id)").contains(#""id":"a""#))
                // There is nothing to enter.
                let entered = try host.run("enter", "\(failed.id)", "--", "true")
                #expect(entered.status != 0 && entered.errors.contains("without sandboxes"))
            }
        }

        @Test func nothingOfAScriptOutlivesIt() throws {
            try withBareHost { host in
                #expect(try host.complete("leave").status == "success")
                #expect(Self.sleeper("4711.25") == nil)
                #expect(try host.complete("long").outcome == "timeout")
                #expect(Self.sleeper("4712.25") == nil && Self.sleeper("4712.5") == nil)
                let cancelled = try host.trigger("wait")
                try host.running(cancelled, "wait")
                try host.altp("cancel", "\(cancelled)")
                #expect(try host.ended(cancelled).outcome == "cancelled")
            }
        }

        @Test func aKilledLauncherTakesUpWhatRuns() throws {
            try withBareHost { host in
                let running = try host.trigger("wait")
                try host.running(running, "wait")
                let ending = try host.trigger("wait")
                try host.running(ending, "wait")
                try host.end(SIGKILL)
                try open(ending, host)
                _ = try eventually("it leaves its outcome") {
                    access("\(host.state)/processings/\(ending)/wait.1/outcome.json", F_OK) == 0 ? true : nil
                }
                try host.start()
                #expect(try host.ended(ending).status == "success")
                try open(running, host)
                let taken = try host.ended(running)
                #expect(taken.status == "success")
                #expect(taken.scripts?.first?.attempts.count == 1)
                // Afterwards with sandboxes, from the same folder.
                try host.end(SIGTERM)
                host.arguments = []
                try host.start()
                var status = stat()
                #expect(stat(host.state, &status) == 0 && status.st_mode & 0o077 == 0)
                #expect(try host.complete("fail").outcome == "hard")
            }
        }

        static let unfit: [(files: [String: String], part: String)] = [
            (["policies/p.yaml": "mounts: [{source: /usr/share, target: /share}]\n"], "/usr/share at /share"),
            (["policies/p.yaml": "capabilities: [CAP_CHOWN]\n"], "capabilities:"),
            (["policies/p.yaml": "description: p\n", "tasks/t.yaml": task("[cat, /scripts/a]")], "it names /scripts"),
            (
                ["policies/p.yaml": "description: p\n", "tasks/t.yaml": task("'cd /processing'")],
                "it names /processing"
            ),
        ]

        private static func task(_ run: String) -> String { "policy: p\nscripts: [{name: s, run: \(run)}]\n" }

        /// What a Script would not find is no matter of trust: it is refused, not left to fail.
        @Test(arguments: unfit.indices) func itRefusesWhatOnlyASandboxGives(_ index: Int) throws {
            let (given, part) = Self.unfit[index]
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            chmod(folder.path, 0o711)
            let host = try Host(
                ["tasks/t.yaml": Self.task("[/bin/true]")].merging(given) { $1 }, state: "\(folder.path)/state")
            defer { host.close() }
            host.arguments = Self.arguments
            let failure = #expect(throws: TestFailure.self) { try host.start() }
            #expect(failure.map { "\($0)" }?.contains("cannot run without sandboxes") == true)
            #expect(failure.map { "\($0)" }?.contains(part) == true)
            host.arguments = []
            try host.start()
            try host.end(SIGQUIT)
        }

        @Test func itRefusesAStateFolderThatScriptsCannotReach() throws {
            let host = try Host([:])
            defer { host.close() }
            host.arguments = Self.arguments
            let failure = #expect(throws: TestFailure.self) { try host.start() }
            #expect(failure.map { "\($0)" }?.contains("chmod o+x \(host.root.path)") == true)
        }
    }
}
