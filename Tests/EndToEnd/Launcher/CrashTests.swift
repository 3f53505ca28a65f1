import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    @Suite struct CrashTests {
        /// Each Script of the chain appends a line of its own to a file of the host: what ran twice is there twice.
        private static func files(_ folder: String) -> [String: String] {
            [
                "policies/count.yaml": """
                limits: {cpu: 0.2, memory: 64M, wall_time: 2m, grace: 1s}
                mounts: [{source: \(folder), target: /count, mode: rw, owner: nobody}]
                """,
                "tasks/job.yaml": """
                policy: count
                scripts:
                  - name: work
                    run: |
                      echo "$ALTP_PROCESSING begins" >> /count/lines
                      while [ ! -e /count/open ]; do sleep 0.1; done
                      echo "$ALTP_PROCESSING ends" >> /count/lines
                  - {name: after, run: 'echo "$ALTP_PROCESSING after" >> /count/lines'}
                """,
            ]
        }

        private static func withCounters(_ body: (Host, TemporaryFolder) throws -> Void) throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            chmod(folder.path, 0o755)
            try folder.write("lines", "")
            let user = try #require(getpwnam("nobody")).pointee
            chown("\(folder.path)/lines", user.pw_uid, user.pw_gid)
            chown(folder.path, user.pw_uid, user.pw_gid)
            try withHost(files(folder.path)) { host in try body(host, folder) }
        }

        /// Processings of which ten run.
        private static func startTen(_ host: Host, _ folder: TemporaryFolder) throws -> [Int64] {
            let ids = try (0..<10).map { _ in try host.trigger("job") }
            _ = try eventually("ten Scripts run") {
                try folder.read("lines").split(separator: "\n").count == 10 ? true : nil
            }
            return ids
        }

        private static func expectedLines(_ ids: [Int64]) -> [String] {
            ids.flatMap { ["\($0) begins", "\($0) ends", "\($0) after"] }.sorted()
        }

        private static func lines(_ folder: TemporaryFolder) throws -> [String] {
            try folder.read("lines").split(separator: "\n").map(String.init).sorted()
        }

        @Test func tenScriptsOutliveAKilledLauncherAndRunExactlyOnce() throws {
            try Self.withCounters { host, folder in
                let ids = try Self.startTen(host, folder)
                try host.end(SIGKILL)
                // Half of them end while there is no Launcher: the gate opens before the next start.
                try folder.write("open", "")
                _ = try eventually("the Scripts end without a Launcher") {
                    try Self.lines(folder).filter { $0.hasSuffix("ends") }.count == 10 ? true : nil
                }
                #expect(try Self.lines(folder).allSatisfy { !$0.hasSuffix("after") })
                try host.start()
                for id in ids { #expect(try host.ended(id).status == "success") }
                #expect(try Self.lines(folder) == Self.expectedLines(ids))
                for id in ids { #expect(try host.processing(id).scripts?.map(\.attempts.count) == [1, 1]) }
            }
        }

        @Test func aRestartedLauncherAdoptsWhatStillRuns() throws {
            try Self.withCounters { host, folder in
                let ids = try Self.startTen(host, folder)
                // Twice, and with an orderly stop in between: each takes up what the one before left.
                try host.end(SIGKILL)
                try host.start()
                #expect(try host.processings("--status", "running").count == 10)
                #expect(try host.end(SIGTERM).status == 0)
                try host.start()
                #expect(try host.processings("--status", "running").count == 10)
                try folder.write("open", "")
                for id in ids { #expect(try host.ended(id).status == "success") }
                #expect(try Self.lines(folder) == Self.expectedLines(ids))
            }
        }

        @Test(
            .enabled(
                if: ProcessInfo.processInfo.environment["ALTP_TEST_PROJECT_QUOTA"] == nil,
                "where there are project quotas there are no images"))
        func aSharedImageThatWasMountedWhenThePowerWentIsRepaired() throws {
            let files = [
                "policies/little.yaml": "limits: {cpu: 1, memory: 64M, wall_time: 1m, disk: 4M}\n",
                "tasks/job.yaml": """
                policy: little
                scripts:
                  - {name: work, run: 'echo mine >/processing/result'}
                  - {name: after, run: 'grep -q mine /processing/result && [ "$ALTP_ATTEMPT" = 2 ]'}
                """,
            ]
            try withHost(files) { host in
                let id = try host.complete("job").id
                // What the kernel says in the superblock as long as it is mounted.
                let image = open("\(host.state)/processings/\(id)/shared/image", O_WRONLY)
                var state: UInt16 = 0
                #expect(pwrite(image, &state, 2, 1024 + 0x3a) == 2)
                close(image)
                try host.altp("rerun", "\(id)", "--from", "after")
                #expect(try host.ended(id).status == "success")
            }
        }

        @Test func stopEndsTheScriptsOnRequest() throws {
            try Self.withCounters { host, folder in
                _ = try Self.startTen(host, folder)
                try host.altp("stop", "--stop-scripts")
                #expect(try host.waitForEnd().status == 0)
                #expect(host.leftovers() == [])
                #expect(try Self.lines(folder).allSatisfy { $0.hasSuffix("begins") })
            }
        }

        /// A sandbox that is made while the Launcher stops is ended too, and not waited for in vain.
        @Test func stopEndsTheScriptsThatJustStart() throws {
            let task = "policy: small\nscripts: [{name: work, run: 'sleep 1000'}]\n"
            for _ in 0..<5 {
                try withHost(["tasks/job.yaml": task]) { host in
                    for _ in 0..<6 { _ = try host.trigger("job") }
                    try host.altp("stop", "--stop-scripts")
                    #expect(try host.waitForEnd().status == 0)
                    #expect(host.leftovers() == [])
                }
            }
        }

        @Test func aSecondLauncherOnTheSameStateIsRefused() throws {
            try withHost(["tasks/job.yaml": "policy: small\nscripts: [{name: work, run: 'true'}]\n"]) { host in
                let second = try host.run("serve", "--config", host.configuration)
                #expect(second.status == 1)
                #expect(second.errors.contains("in use by another Launcher, pid \(try #require(host.pid))"))
                #expect(try host.complete("job").status == "success")
            }
        }
    }
}
