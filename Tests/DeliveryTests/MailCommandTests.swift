import Glibc
import Testing

@testable import Delivery

@Suite struct MailCommandTests {
    private static func run(_ script: String, timeout: Int64 = 10_000) async -> MailCommand.Answer {
        await MailCommand.run(["/bin/sh", "-c", script], input: Array("hello\n".utf8), timeout: timeout)
    }

    @Test func givesTheMessageAndTakesTheStatus() async {
        #expect(await Self.run("cat; pwd; exit 3") == .status(3, text: "hello\n/\n"))
        #expect(await Self.run("kill -9 $$") == .status(137, text: ""))
        // One that reads nothing is no error.
        #expect(await Self.run("true") == .status(0, text: ""))
    }

    @Test func givesNothingOfItsOwnEnvironment() async {
        setenv("ALTP_SECRET_OF_A_TEST", "1", 1)
        #expect(
            await MailCommand.run(["/usr/bin/env"], input: [], timeout: 10_000)
                == .status(
                    0,
                    text: "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLC_ALL=C.UTF-8\nHOME=/\n")
        )
        // Neither descriptors, but for those of ls itself.
        #expect(await Self.run("ls /proc/self/fd | tr '\\n' ' '") == .status(0, text: "0 1 2 3 "))
    }

    // Bounds that hold on a machine where everything else runs too.

    @Test func endsOneThatDoesNotEnd() async {
        let start = ContinuousClock.now
        let answer = await Self.run("echo begun; sleep 1000 & sleep 1000", timeout: 300)
        guard case .failure(let text) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(text.contains("after 0.3 s") && text.contains("begun"))
        #expect(ContinuousClock.now - start < .seconds(500))
    }

    @Test func doesNotWaitForWhatItLeavesBehind() async throws {
        let start = ContinuousClock.now
        guard case .status(0, let text) = await Self.run("sleep 1000 & echo $!; exit 0", timeout: 2_000_000) else {
            Issue.record("no status")
            return
        }
        #expect(ContinuousClock.now - start < .seconds(500))
        // It is still there: what a mailer does beside its answer is its own affair.
        let pid = try #require(pid_t(text.dropLast()))
        #expect(kill(pid, SIGKILL) == 0)
    }

    @Test func keepsTheEndOfMuchOutput() async {
        guard case .status(0, let text) = await Self.run("head -c 1000000 /dev/zero | tr '\\0' x; printf end") else {
            Issue.record("no status")
            return
        }
        #expect(text.utf8.count == 2000 && text.hasSuffix("xend"))
    }

    @Test func saysThatThereIsNoSuchCommand() async {
        let answer = await MailCommand.run(["/no/such/command"], input: [], timeout: 1000)
        #expect(answer == .failure("posix_spawn /no/such/command: No such file or directory"))
    }
}
