import Glibc
import Testing
import Wire

extension EndToEnd {
    /// The terminal of whoever enters: what the sandbox's takes over from it, and that it is always given back.
    @Suite struct OwnTerminalTests {
        private func play(_ host: Host, _ id: Int64, _ steps: String, _ arguments: [String] = []) throws -> String {
            try Person.play(
                [try Installation.path(of: "altp"), "enter", "\(id)"] + arguments, "import time\n" + steps,
                environment: ["ALTP_SOCKET": host.socket, "COLORTERM": "truecolor"])
        }

        @Test func itsSizeAndColoursAreFollowed() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let seen = try play(
                    host, id,
                    """
                    expect('] ')
                    type('echo $TERM-$COLORTERM; while :; do stty size; sleep 0.1; done\\n')
                    expect('vt220-truecolor')
                    expect('33 101')
                    size(40, 120)
                    expect('40 120')
                    press('\\x03', '] ')
                    type('exit 6\\n')
                    """)
                #expect(seen.hasSuffix("status 6, modes as before\n"), "\(seen)")
            }
        }

        /// Such as from another window: nothing of the session is left, and the terminal is as it was.
        @Test(arguments: [SIGTERM, SIGHUP, SIGINT, SIGQUIT])
        func aSignalFromOutsideGivesItBack(_ signal: Int32) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let seen = try play(
                    host, id,
                    "expect('] ')\ntype('stty raw -echo; echo on; cat\\n')\nexpect('on')\nos.kill(pid, \(signal))")
                #expect(seen.hasSuffix("status \(128 + signal), modes as before\n"), "\(seen)")
                _ = try eventually("the session ends") {
                    try host.entries().allSatisfy { $0.endedAt != nil } ? true : nil
                }
            }
        }

        /// Others use the terminal in the meantime, and set its modes.
        @Test(arguments: [SIGTSTP, SIGSTOP])
        func itIsTakenUpAgainAfterAStop(_ signal: Int32) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let seen = try play(
                    host, id,
                    """
                    def isRaw(): return not termios.tcgetattr(slave)[3] & termios.ICANON
                    expect('] ')
                    assert isRaw()
                    os.kill(pid, \(signal))
                    assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
                    if \(signal) == signal.SIGTSTP: assert termios.tcgetattr(slave) == before
                    termios.tcsetattr(slave, termios.TCSANOW, before)
                    size(50, 70)
                    os.kill(pid, signal.SIGCONT)
                    while not isRaw(): time.sleep(0.01)
                    type('stty size; exit 6\\n')
                    """)
                #expect(seen.contains("50 70\n"), "\(seen)")
                #expect(seen.hasSuffix("status 6, modes as before\n"), "\(seen)")
            }
        }

        @Test func aCommandHasItTooUnlessPipesAreAskedFor() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let command = ["--", "sh", "-c", "test -t 0 && test -t 1 && test -t 2 && echo terminal || echo pipes"]
                #expect(try play(host, id, "", command).contains("terminal\n"))
                #expect(try play(host, id, "type('\\x04')", ["--no-tty"] + command).contains("pipes\n"))
            }
        }
    }
}
