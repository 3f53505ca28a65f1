import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// The host's clock is set while the Launcher and Scripts run. It is really set, so only a machine of the tests' own will do.
    @Suite(
        .enabled(
            if: ProcessInfo.processInfo.environment["ALTP_TEST_CLOCK"] != nil,
            "it sets the host's clock: make test-vm runs it in the virtual machine"))
    struct ClockTests {
        private static let day = 86_400

        private static let files = [
            "tasks/retried.yaml": """
            policy: small
            scripts:
              - name: work
                run: '[ $ALTP_ATTEMPT = 2 ] || exit 75'
                retry: {limit: 1, delay: 5s}
            """,
            "tasks/long.yaml": """
            policy: small
            scripts: [{name: work, run: 'while [ ! -e /processing/go ]; do sleep 0.2; done'}]
            """,
            "tasks/hourly.yaml": "cron: '17 * * * *'\npolicy: small\nscripts: [{name: work, run: 'true'}]\n",
            "tasks/daily.yaml": "every: 1d\npolicy: small\nscripts: [{name: work, run: 'true'}]\n",
        ]

        /// Sets the clock by so many seconds, and by as many back when the body is over.
        private func withClock(setBy seconds: Int, _ body: () throws -> Void) throws {
            try Self.set(by: seconds)
            defer { try? Self.set(by: -seconds) }
            try body()
        }

        private static func set(by seconds: Int) throws {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            time.tv_sec += seconds
            guard clock_settime(CLOCK_REALTIME, &time) == 0 else {
                throw TestFailure("clock_settime: \(String(cString: strerror(errno)))")
            }
        }

        private func count(_ host: Host, _ task: String) throws -> Int {
            try host.processings("--task", task).count
        }

        @Test(arguments: [day, -day, 30 * 60, -30 * 60])
        func aRetryIsDueWhenItWasAndNoScriptTimesOut(seconds: Int) throws {
            try withHost(Self.files) { host in
                let long = try host.trigger("long")
                try host.running(long, "work")
                let retried = try host.trigger("retried")
                _ = try eventually("its first attempt fails") {
                    try host.processing(retried).scripts?.first?.attempts.first?.outcome
                }
                try withClock(setBy: seconds) {
                    // Once a minute the Launcher looks at the clock in any case.
                    let ended = try host.ended(retried, seconds: 150)
                    #expect(ended.status == "success")
                    #expect(ended.scripts?.first?.attempts.map(\.outcome) == ["soft", "success"])
                    #expect(try host.processing(long).status == "running", "wall_time does not follow the clock")
                    // And one that comes after the change.
                    #expect(try host.complete("retried").status == "success")
                }
                try host.root.write("state/processings/\(long)/shared/go", "")
                #expect(try host.ended(long).status == "success")
            }
        }

        @Test func aRestartAfterTheClockWasSetBackDoesNotWaitUntilItHasCaughtUp() throws {
            try withHost(Self.files) { host in
                let retried = try host.trigger("retried")
                _ = try eventually("its first attempt fails") {
                    try host.processing(retried).scripts?.first?.attempts.first?.outcome
                }
                try host.end(SIGTERM)
                try withClock(setBy: -Self.day) {
                    try host.start()
                    #expect(try host.ended(retried, seconds: 60).status == "success")
                }
            }
        }

        @Test func ticksThatAJumpSkipsBecomeOneAndNoneComesTwice() throws {
            try withHost(Self.files) { host in
                _ = try eventually("the daily Task ticks at its first start") {
                    try count(host, "daily") == 1 ? true : nil
                }
                #expect(try count(host, "hourly") == 0 || count(host, "hourly") == 1)
                let before = try count(host, "hourly")
                try withClock(setBy: Self.day + 3600) {
                    // The Launcher sees it within a minute.
                    _ = try eventually("each ticks once", seconds: 150) {
                        try count(host, "daily") == 2 && count(host, "hourly") >= before + 1 ? true : nil
                    }
                }
                // Back again: the clock's catching up brings none of the ticks that have run.
                usleep(70_000_000)
                #expect(try count(host, "daily") == 2)
                #expect(try count(host, "hourly") <= before + 2)
                #expect(try host.complete("retried").status == "success")
            }
        }
    }
}
