import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// `altp run --tty`, driven through a pseudo terminal as by a person.
    @Suite struct TerminalTests {
        /// Runs a command line in a sandbox with a terminal, on a terminal of the test's own.
        ///
        /// - Parameter steps: see `Person`.
        private func play(_ line: [String], _ steps: String, options: [String] = []) throws -> String {
            let attack = try Attack()
            let command = [try Installation.path(of: "altp"), "run", "--tty"] + options + ["--"] + line
            let seen = try Person.play(command, steps, environment: ["ALTP_RUN_DIR": attack.runs])
            #expect(FileTree.names(in: attack.runs) == [])
            return seen
        }

        @Test func itIsATerminalOfTheSandboxsOwn() throws {
            let seen = try play(
                [
                    "sh", "-c",
                    """
                    tty; stty size; echo "$TERM"; ls -l /proc/self/fd/2 | sed 's/.* -> //'; stat -c %u $(tty)
                    [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; sh -c 'echo controlling > /dev/tty'
                    """,
                ], "expect('controlling')")
            #expect(
                seen == "/dev/pts/0\n33 101\nvt220\n/dev/pts/0\n1000\nall\ncontrolling\n\nstatus 0, modes as before\n")
        }

        @Test func itsSizeFollowsTheCallers() throws {
            let seen = try play(
                [
                    "python3", "-c",
                    """
                    import os, signal
                    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
                    print("ready", flush=True)
                    while os.get_terminal_size() != (44, 55): signal.sigwait([signal.SIGWINCH])
                    print("resized", flush=True)
                    """,
                ], "expect('ready')\nsize(55, 44)\nexpect('resized')")
            #expect(seen.hasSuffix("resized\n\nstatus 0, modes as before\n"), "\(seen)")
        }

        @Test func ctrlCGoesToTheCommandAndNotToAltp() throws {
            let seen = try play(
                ["sh", "-c", "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.05; done"],
                "expect('ready')\ntype('\\x03')\nexpect('caught')")
            #expect(seen.hasSuffix("caught\n\nstatus 7, modes as before\n"), "\(seen)")
        }

        @Test func jobsCanBeStoppedAndTakenUp() throws {
            let seen = try play(
                ["sh", "-i"],
                """
                expect('$ ')
                type("sh -c 'echo work''ing; read x; echo got $x'\\n")
                expect('working')
                type('\\x1a')
                expect('Stopped')
                type('fg\\n')
                expect('read x')
                type('it\\n')
                expect('got it')
                type('exit 5\\n')
                """, options: ["--env", "PS1=$ "])
            #expect(seen.hasSuffix("\nstatus 5, modes as before\n"), "\(seen)")
        }

        @Test func bytesPassAsTheyAreAndEndOfInputIsSeen() throws {
            let seen = try play(
                [
                    "python3", "-c",
                    "import sys; print('\\x1b[31mred\\x1b[0m', flush=True); print(len(sys.stdin.read()))",
                ],
                "expect('red')\ntype('1234\\n')\nexpect('1234')\ntype('\\x04')")
            #expect(seen.contains("\u{1b}[31mred\u{1b}[0m\n"))
            #expect(seen.hasSuffix("5\n\nstatus 0, modes as before\n"), "\(seen)")
        }

        @Test func muchOutputArrivesWhole() throws {
            let seen = try play(["seq", "1", "60000"], "expect('\\n60000')")
            #expect(seen.contains((1...60_000).map { "\($0)\n" }.joined()))
        }

        /// A command that reads nothing, on whose terminal more is typed than the kernel keeps.
        @Test func typedAheadOfACommandThatReadsNothing() throws {
            let seen = try play(
                ["sh", "-c", "stty raw -echo; echo ready; sleep 0.5; echo over"],
                "expect('ready')\nfor _ in range(20): type('x' * 1000)\nexpect('over')")
            #expect(seen.contains("over"), "\(seen)")
            #expect(seen.hasSuffix("status 0, modes as before\n"))
        }

        @Test(arguments: [
            (["sh", "-c", "stty raw -echo; kill -KILL $$"], 137), (["no-such-program"], 127),
            (["sh", "-c", "echo ready; exec sleep 30"], 124),
        ])
        func theCallersModesComeBack(_ line: [String], _ status: Int) throws {
            let seen = try play(line, "", options: ["--wall-time", "2s"])
            #expect(seen.hasSuffix("\nstatus \(status), modes as before\n"), "\(seen)")
        }

        @Test(arguments: ["SIGTERM", "SIGHUP", "SIGINT"]) func theyComeBackAfterASignalToAltp(_ signal: String) throws {
            let seen = try play(
                ["sh", "-c", "echo ready; exec sleep 30"], "expect('ready')\nos.kill(pid, signal.\(signal))")
            #expect(seen.hasSuffix("modes as before\n"), "\(seen)")
            #expect(seen.contains("cancelled"), "\(seen)")
        }

        /// What it types, it types on its own terminal: the caller's shell reads nothing of it.
        @Test(arguments: Filters.all) func nothingIsTypedIntoTheCallersTerminal(_ filter: String) throws {
            let attack = try Attack()
            try attack.stage.write("policy.yaml", filter)
            let seen = try play(
                [
                    "python3", "-c",
                    Attack.python + """
                        import fcntl, termios
                        for fd in [0, 1, 2, os.open("/dev/tty", os.O_RDWR)]:
                            for character in b"injected":
                                attempt(lambda: fcntl.ioctl(fd, termios.TIOCSTI, bytes([character])) and 0)
                            attempt(lambda: fcntl.ioctl(fd, 0x541C, b"\\x02") and 0)  # TIOCLINUX
                        termios.tcflush(0, termios.TCIFLUSH)
                        """,
                ],
                """
                _, status = os.waitpid(pid, 0)
                reader = os.fork()
                if reader == 0: os._exit(0)
                pid = reader
                os.write(terminal, b"typed\\n")
                line = os.read(slave, 100)
                print("read", line)
                """, options: ["--policy", "\(attack.stage.path)/policy.yaml"])
            #expect(seen.contains("read b'typed\\n'"), "\(seen)")
        }

        /// The terminal outlives the sandbox where a process of the host was sent it; nobody waits for that.
        @Test func aTerminalThatWasSentOutsideHoldsNothingUp() throws {
            let attack = try Attack()
            let shared = try attack.folder("shared")
            let seen = try play(
                [
                    "python3", "-c",
                    """
                    import os, socket, time
                    peer = socket.socket(socket.AF_UNIX)
                    while not os.path.exists("/shared/ready"): time.sleep(0.02)
                    peer.connect("/shared/socket")
                    socket.send_fds(peer, [b"x"], [0])
                    print("sent", flush=True)
                    """,
                ],
                """
                import socket
                server = socket.socket(socket.AF_UNIX)
                server.bind("\(shared)/socket")
                os.chmod("\(shared)/socket", 0o777)
                server.listen()
                open("\(shared)/ready", "w").close()
                peer = server.accept()[0]
                kept = socket.recv_fds(peer, 1, 1)[1]
                expect('sent')
                """, options: ["--mount", "\(shared):/shared:rw"])
            #expect(seen.hasSuffix("sent\n\nstatus 0, modes as before\n"), "\(seen)")
        }

        @Test func withoutATerminalItSaysSo() throws {
            let ended = try execute([try Installation.path(of: "altp"), "run", "--tty", "--", "true"])
            #expect(ended.status == 125)
            #expect(ended.errors.contains("the standard input and output are no terminal"), "\(ended.errors)")
        }
    }
}
