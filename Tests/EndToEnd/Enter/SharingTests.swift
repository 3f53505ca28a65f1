import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Who is inside, with whom, and what waits for them.
    @Suite struct SharingTests {
        @Test(arguments: ["failing", "disk", "running"])
        func twoAreInTheSameSandbox(_ task: String) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begunOrFailed(task)
                let first = try host.stayInside("\(id)")
                let line = "readlink /proc/self/ns/pid; grep -c . /proc/[0-9]*/cmdline | wc -l; echo here >/tmp/mine"
                let seen = try host.inside("\(id)", line)
                #expect(
                    try host.inside("\(id)", "readlink /proc/self/ns/pid; cat /tmp/mine")
                        == "\(seen.split(separator: "\n")[0])\nhere\n")
                #expect(try host.inside("\(id)", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '").contains(Host.marker))
                // The one who leaves ends nobody else's.
                #expect(first.isRunning)
                first.signal(SIGKILL)
                if task == "running" {
                    try host.altp("cancel", "\(id)")
                    try host.ended(id)
                }
            }
        }

        @Test func nothingIsDeletedWhileSomebodyIsInside() throws {
            var files = EnteredTasks.files
            files["tasks/brief.yaml"] = """
                policy: small
                keep: {failed: 1s}
                scripts: [{name: work, run: 'echo evidence > file; exit 3'}]
                """
            try withHost(files) { host in
                let id = try host.failed("brief")
                let visitor = try host.stayInside("\(id)", ["--snapshot"])
                let other = try host.trigger("brief")
                _ = try eventually("the other's keep time is over") {
                    access("\(host.state)/processings/\(other)", F_OK) != 0 ? true : nil
                }
                #expect(try host.inside("\(id)", "cat file") == "evidence\n")
                visitor.signal(SIGKILL)
                _ = try eventually("its keep time is over") {
                    access("\(host.state)/processings/\(id)", F_OK) != 0 ? true : nil
                }
                let ended = try host.enter("\(id)", [], "true")
                #expect(ended.status != 0)
                #expect(ended.errors.contains("is gone: its keep time is over"))
            }
        }

        @Test func theNextAttemptWaitsAndSaysForWhom() throws {
            var files = EnteredTasks.files
            files["tasks/retried.yaml"] = """
                policy: small
                scripts:
                  - name: work
                    run: 'echo $ALTP_ATTEMPT >> /processing/attempts; test -e /processing/mended || exit 75'
                    retry: {limit: 5, delay: 2s, on: [soft]}
                """
            try withHost(files) { host in
                let id = try host.trigger("retried")
                _ = try eventually("the first attempt has failed") {
                    try host.processing(id).scripts?.first?.attempts.first?.outcome
                }
                let visitor = try host.stayInside("\(id)/work#1")
                let attempts = try host.inside("\(id)/work#1", "touch /processing/mended; cat /processing/attempts")
                let why = try eventually("the next attempt waits") {
                    let why = try host.why(id)
                    return why.facts.contains { $0.kind == "entered" } ? why : nil
                }
                #expect(why.facts.contains { $0.text.hasSuffix("is inside of \(id)/work#1") })
                #expect(try host.inside("\(id)/work#1", "cat /processing/attempts") == attempts)
                visitor.signal(SIGKILL)
                #expect(try host.ended(id).status == "success")
                let count = attempts.split(separator: "\n").count
                #expect(try host.processing(id).scripts?.first?.attempts.count == count + 1)
            }
        }

        @Test func aRerunIsRefused() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let visitor = try host.stayInside("\(id)")
                let refused = try host.run("rerun", "\(id)", "--from", "work")
                #expect(refused.status == 1)
                #expect(refused.errors.contains("is inside of \(id)/work#1: rerun it when nobody is"))
                visitor.signal(SIGKILL)
                _ = try eventually("it can be rerun") {
                    try host.run("rerun", "\(id)", "--from", "work").status == 0 ? true : nil
                }
                try host.ended(id)
                // Of a snapshot nobody notices; what all share is not emptied under it, though.
                let other = try host.stayInside("\(id)/work#1", ["--snapshot"])
                #expect(try host.run("rerun", "\(id)").status == 1)
                other.signal(SIGKILL)
            }
        }

        @Test func aDiskIsOneSandboxesAtATime() throws {
            var files = EnteredTasks.files
            files["tasks/twice.yaml"] = """
                policy: disk
                scripts:
                  - {name: work, run: 'echo evidence > file'}
                  - {name: longer, run: 'exec sleep 1000'}
                """
            try withHost(files) { host in
                let id = try host.trigger("twice")
                try host.running(id, "longer")
                let ended = try host.enter("\(id)/work", [], "cat", "file")
                if host.usesImages(id) {
                    #expect(ended.status != 0)
                    #expect(
                        ended.errors.contains("\(id)/longer#1 runs, and has the disk that it shares with \(id)/work#1"))
                    #expect(ended.errors.contains("altp cancel \(id)"))
                } else {
                    #expect(ended.output == "evidence\n")
                }
                try host.altp("cancel", "\(id)")
                try host.ended(id)
                #expect(try host.inside("\(id)/work", "cat file") == "evidence\n")
            }
        }

        @Test func everyEntryIsRecorded() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                _ = try host.enter("\(id)", ["--relax", "seccomp,network"], "sh", "-c", "sleep 0.2; exit 7")
                _ = try host.enter("\(id)", ["--snapshot"], "sh", "-c", "kill -9 $$")
                #expect(try host.enter("\(id)", [], "/nowhere").status == 127)
                let entries = try host.entries()
                #expect(entries.map(\.processing) == [id, id, id])
                #expect(entries.map { "\($0.script)#\($0.number)" } == ["work#1", "work#1", "work#1"])
                #expect(entries.map(\.relaxed) == ["network,seccomp", "", ""])
                #expect(entries.map(\.snapshot) == [0, 1, 0])
                #expect(entries.map(\.who) == ["cli:root", "cli:root", "cli:root"])
                #expect(entries[0].command == #"["sh","-c","sleep 0.2; exit 7"]"#)
                #expect(try #require(entries[0].endedAt) >= entries[0].startedAt + 200)
                #expect(entries[0].ending == "exit status 7")
                #expect(entries[1].ending == "signal 9")
                #expect(entries[2].ending == "execute /nowhere: No such file or directory")
                // Beside what else happened to the Processing.
                let history = try #require(try host.processing(id).history).map(\.text)
                #expect(
                    history.contains {
                        $0.hasPrefix("cli:root enters \(id)/work#1 with ")
                            && $0.hasSuffix(", relaxed: network, seccomp")
                    })
                #expect(history.contains("cli:root has left \(id)/work#1: exit status 7"))
            }
        }

        @Test func whatWasNeverThereCannotBeEntered() throws {
            var files = EnteredTasks.files
            files["policies/nowhere.yaml"] =
                "mounts: [{source: /usr/share, target: /archive}, {source: /usr/bin, target: /archive/nowhere}]\n"
            files["tasks/unmade.yaml"] = "policy: nowhere\nscripts: [{name: work, run: 'true'}]\n"
            try withHost(files) { host in
                let id = try host.failed("unmade")
                for (reference, says) in [
                    ("\(id + 1)", "there is no Processing \(id + 1)"),
                    ("\(id)/other", "has no attempt of other"), ("\(id)/work#2", "has no attempt of work#2"),
                    ("\(id)", "/archive/nowhere"),
                ] {
                    let ended = try host.enter(reference, [], "true")
                    #expect(ended.status != 0)
                    #expect(ended.errors.contains(says), "\(reference): \(ended.errors)")
                }
            }
        }
    }
}
