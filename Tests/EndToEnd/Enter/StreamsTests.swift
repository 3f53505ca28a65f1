import Glibc
import Testing
import Wire

extension EndToEnd {
    /// The three streams of `altp enter REF -- COMMAND`, as anything that calls it has them.
    @Suite struct StreamsTests {
        /// A line for the host's shell, in which `$altp` and `$ref` are what they say.
        private func shell(_ host: Host, _ id: Int64, _ line: String) throws -> ChildProcess {
            try ChildProcess(
                ["bash", "-c", line],
                environment: [
                    "ALTP_SOCKET": host.socket, "altp": try Installation.path(of: "altp"), "ref": "\(id)",
                ])
        }

        @Test func megabytesGoBothWaysAndTheInputHasAnEnd() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let line = """
                    head -c 20000000 /dev/urandom >sent
                    $altp enter $ref -- sh -c 'tee /dev/stderr; echo end' <sent >output 2>errors
                    echo status $?
                    (cat sent; echo end) | cmp - output && cmp sent errors && echo same
                    """
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let ended = try shell(host, id, "cd \(folder.path)\n" + line).wait()
                #expect(ended.output == "status 0\nsame\n", "\(ended.errors)")
            }
        }

        @Test func inputThatNobodyTakesIsNoFailure() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let line =
                    "head -c 5000000 /dev/zero | $altp enter $ref -- sh -c 'exec <&-; head -c 3000000 /dev/zero' | wc -c"
                #expect(try shell(host, id, line).wait().output == "3000000\n")
            }
        }

        @Test(
            arguments: [
                ("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -KILL $$", 137),
            ] as [(String, Int32)])
        func theStatusIsTheCommands(_ line: String, _ status: Int32) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                #expect(try host.enter("\(id)", [], "sh", "-c", line).status == status)
            }
        }

        @Test func theStatusSaysWhatCouldNotBeExecuted() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let missing = try host.enter("\(id)", [], "no-such-command")
                #expect(missing.status == 127)
                #expect(missing.errors.contains("no-such-command"))
                #expect(try host.enter("\(id)", [], "/etc/passwd").status == 126)
                let unknown = try host.enter("9999", [], "true")
                #expect(unknown.status == 125)
                #expect(unknown.errors.contains("9999"))
                // A status of its own would be taken for the command's.
                let unreachable = try ChildProcess(
                    [try Installation.path(of: "altp"), "enter", "1", "--", "true"],
                    environment: ["ALTP_SOCKET": "\(host.root.path)/nothing"]
                ).wait()
                #expect(unreachable.status == 125)
                #expect(unreachable.errors.contains("altp serve"))
            }
        }

        /// Without a terminal there is a shell that reads its input, and nothing is asked.
        @Test func aShellReadsAPipe() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let ended = try shell(host, id, "printf 'cat file\\nexit 4\\n' | $altp enter $ref; echo $?").wait()
                #expect(ended.output == "evidence\n4\n")
            }
        }

        @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
        func aSignalIsPassedOnAndTheSecondOneLeaves(_ signal: Int32) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let polite = try host.stayInside("\(id)")
                polite.signal(signal)
                #expect(try polite.wait().status == 128 + signal)
                let deaf = try host.startEntering(
                    "\(id)", [],
                    [
                        "sh", "-c",
                        "for s in INT TERM HUP QUIT; do trap 'echo heard' $s; done; echo on; while :; do sleep 0.1; done",
                    ])
                _ = try eventually("it listens") { deaf.output == "on\n" ? true : nil }
                deaf.signal(signal)
                _ = try eventually("it was told") { deaf.output == "on\nheard\n" ? true : nil }
                deaf.signal(signal)
                #expect(try deaf.wait().status == 128 + signal)
                _ = try eventually("it has ended") { try host.entries().allSatisfy { $0.endedAt != nil } ? true : nil }
            }
        }

        /// Signals are heard while what was printed waits for somebody who reads.
        @Test func aReaderThatIsStuckHoldsUpOnlyItsSession() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let line = """
                    mkfifo $dir/pipe; exec 3<>$dir/pipe
                    $altp enter $ref -- sh -c 'echo begun >&2; exec cat /dev/zero' >&3 3>&- & pid=$!
                    echo $pid; wait $pid; echo status $?
                    """
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                let child = try shell(host, id, "dir=\(folder.path)\n" + line)
                _ = try eventually("it prints") { child.errors.contains("begun") ? true : nil }
                let pid = try #require(child.output.split(separator: "\n").first.flatMap { pid_t($0) })
                let pipe = open("\(folder.path)/pipe", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
                defer { close(pipe) }
                _ = try eventually("nothing more fits into the pipe") {
                    var count: Int32 = 0
                    return ioctl(pipe, UInt(FIONREAD), &count) == 0 && count > 60_000 ? true : nil
                }
                for _ in 0..<3 { #expect(try host.inside("\(id)", "echo free") == "free\n") }
                // The first is for the session, a second one for the client.
                _ = try eventually("it leaves") {
                    kill(pid, SIGTERM)
                    return child.output.contains("status") ? true : nil
                }
                #expect(try child.wait().output.hasSuffix("status 143\n"))
            }
        }
    }
}
