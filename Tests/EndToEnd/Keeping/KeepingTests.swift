import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Directories of ended Processings, on a disk that is small and fills up.
    @Suite(.enabled(if: SmallVolume.obstacle == nil, "\(SmallVolume.obstacle ?? "")"))
    struct KeepingTests {
        private static let files = [
            "policies/small.yaml": "limits: {memory: 256M, wall_time: 2m, grace: 1s, log: 1M}\n",
            "policies/large.yaml": "limits: {memory: 256M, wall_time: 2m, grace: 1s, log: 1M, disk: 60M}\n",
            "tasks/good.yaml": """
            policy: small
            keep: {success: 1h}
            scripts: [{name: work, run: "head -c 30M /dev/urandom >data; echo done"}]
            """,
            "tasks/bad.yaml": """
            policy: small
            keep: {failed: 7d}
            scripts: [{name: work, run: "head -c 30M /dev/urandom >data; mkdir sub; echo text >sub/small; ln -s /etc link; echo evidence; exit 3"}]
            """,
            "tasks/next.yaml": """
            policy: small
            keep: {success: 1h, failed: 7d}
            scripts: [{name: first, run: "echo begun >/processing/state; exit 3"}, {name: second, run: "cat /processing/state"}]
            """,
            "tasks/short.yaml": """
            policy: small
            keep: {success: 0s, failed: 1s}
            scripts: [{name: work, run: "exit 3"}]
            """,
            "tasks/hold.yaml": """
            policy: large
            keep: {success: 0s}
            scripts: [{name: work, run: "touch /scratch/there; while [ ! -e /processing/go ]; do sleep 0.05; done"}]
            """,
        ]

        private func withVolume(_ mebibytes: Int, keepFree: String, _ body: (Host, SmallVolume) throws -> Void) throws {
            let volume = try SmallVolume(mebibytes: mebibytes)
            try withHost(
                Self.files, settings: ["keep_free: \(keepFree)"], state: "\(volume.path)/state"
            ) { try body($0, volume) }
        }

        /// Waits until a Processing's directories are gone.
        @discardableResult
        private func gone(_ host: Host, _ id: Int64) throws -> ProcessingView {
            try eventually("the directories of \(id) go") {
                let processing = try host.processing(id)
                return processing.directory == nil ? processing : nil
            }
        }

        private func isThere(_ host: Host, _ id: Int64) throws -> Bool { try host.processing(id).directory != nil }

        @Test func successesGoFirstThenTheOldestFailureAndWhatIsPinnedStays() throws {
            try withVolume(320, keepFree: "180M") { host, volume in
                let pinned = try host.complete("bad").id
                try host.altp("pin", "\(pinned)", "--reason", "for the provider")
                let oldest = try host.complete("bad").id
                let success = try host.complete("good").id
                for id in [pinned, oldest, success] { #expect(try isThere(host, id)) }
                // What is free falls below keep_free, once more and once more again.
                let failure = try host.complete("bad").id
                try gone(host, success)
                let last = try host.complete("bad").id
                let removed = try gone(host, oldest)
                #expect(volume.freeMebibytes >= 175)
                for id in [pinned, failure, last] { #expect(try isThere(host, id)) }
                // Of a failure something stays, of a success its record.
                let history = removed.history?.map(\.text).joined(separator: "\n") ?? ""
                #expect(history.contains("its directories were removed: to make room"), "\(history)")
                #expect(try host.altp("logs", "\(oldest)") == "evidence\n")
                #expect(try host.altp("processing", "show", "\(oldest)").contains("exit status 3"))
                #expect(try host.why(oldest).facts.contains { $0.kind == "remnant" })
                let remnant = try #require(removed.remnant)
                let listing = try String(contentsOfFile: "\(remnant)/work.1/listing.jsonl", encoding: .utf8)
                #expect(listing.contains(#""path":"scratch/data""#) && listing.contains(#""size":31457280"#))
                #expect(listing.contains(#""target":"/etc""#))
                // echo text | sha256sum
                #expect(
                    listing.contains("b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733"), "\(listing)")
                #expect(access("\(remnant)/work.1/outcome.json", F_OK) == 0)
                #expect(host.why(pinned, says: "pinned by cli:root: for the provider"))
                let entering = try host.run("enter", "\(oldest)", "--", "true")
                #expect(entering.status == 125 && entering.errors.contains("gone"), "\(entering.errors)")
            }
        }

        @Test func itIsSaidWhatWouldGoAndWhatIsHeldByWhom() throws {
            try withVolume(320, keepFree: "8M") { host, _ in
                let pinned = try host.complete("bad").id
                try host.altp("pin", "\(pinned)")
                let failure = try host.complete("bad").id
                let success = try host.complete("good").id
                // A disk's image is written back when the kernel has unmounted it, a moment after the Script's end.
                let report = try eventually("what the Scripts wrote has reached the disk") {
                    let report = try host.json(CollectionView.self, "gc", "--dry-run", "--free", "250M")
                    return report.removed.count == 2 ? report : nil
                }
                #expect(report.removed.map(\.processing).sorted() == [failure, success])
                #expect(report.stays.map(\.processing) == [pinned])
                #expect(report.stays.first?.holders == ["pinned by cli:root"])
                #expect((report.removed.first?.bytes ?? 0) >= 30 << 20)
                let text = try host.altp("gc", "--dry-run", "--free", "250M")
                #expect(text.contains("WOULD GO") && text.contains("altp gc by cli:root"), "\(text)")
                #expect(try isThere(host, failure) && isThere(host, success))
                // As little as it takes.
                let free = report.free + (10 << 20)
                let collected = try host.json(CollectionView.self, "gc", "--free", "\(free)")
                #expect(collected.removed.map(\.processing) == [success])
                try gone(host, success)
                #expect(try isThere(host, failure))
                try host.altp("unpin", "\(pinned)")
                try host.altp("release", "\(pinned)", "\(failure)")
                for id in [pinned, failure] {
                    let history = try gone(host, id).history?.map(\.text) ?? []
                    #expect(history.contains { $0.contains("removed: released by cli:root") }, "\(history)")
                }
                for (verb, reason) in [("release", "are gone"), ("pin", "are gone"), ("unpin", "is not pinned")] {
                    let refused = try host.run(verb, "\(failure)")
                    #expect(refused.status == 1 && refused.errors.contains(reason), "\(refused.errors)")
                }
            }
        }

        @Test func aScriptWaitsForItsDiskAndWhySaysSo() throws {
            try withVolume(256, keepFree: "100M") { host, _ in
                let first = try host.trigger("hold")
                try host.running(first, "work")
                let second = try host.trigger("hold")
                let why = try eventually("the second waits for the disk") {
                    let why = try host.why(second)
                    return why.facts.contains { $0.kind == "disk" } ? why : nil
                }
                let text = why.facts.first { $0.kind == "disk" }?.text ?? ""
                #expect(text.contains("it needs 61M of disk") && text.contains("keep_free (100M)"), "\(text)")
                try host.release(first)
                try host.running(second, "work")
                try host.release(second)
                #expect(try host.ended(second).status == "success")
            }
        }

        /// What is kept gives way to what waits.
        @Test func roomIsMadeForAScriptThatWaits() throws {
            try withVolume(256, keepFree: "115M") { host, _ in
                let old = try host.complete("bad").id
                let pinned = try host.complete("bad").id
                try host.altp("pin", "\(pinned)")
                let id = try host.trigger("hold")
                try host.running(id, "work")
                #expect(try !isThere(host, old) && isThere(host, pinned))
                try host.release(id)
                try host.ended(id)
            }
        }

        @Test func moreDiskThanThereIsIsSaidAtOnce() throws {
            try withVolume(160, keepFree: "90M") { host, _ in
                let kept = try host.complete("bad").id
                let id = try host.trigger("hold")
                let why = try eventually("it waits for the disk") {
                    let why = try host.why(id)
                    return why.facts.contains { $0.kind == "disk" } ? why : nil
                }
                #expect(why.facts.contains { $0.text.contains("it can never start") }, "\(why)")
                // Nothing is given up for it.
                #expect(try isThere(host, kept))
                try host.altp("cancel", "\(id)")
            }
        }

        @Test func keepTimesAreKept() throws {
            try withVolume(64, keepFree: "1%") { host, _ in
                let id = try host.complete("short").id
                let history = try gone(host, id).history?.map(\.text) ?? []
                #expect(history.contains { $0.contains("keep time is over") }, "\(history)")
            }
        }

        @Test func whoeverIsInsideKeepsItThere() throws {
            try withVolume(64, keepFree: "1M") { host, _ in
                let id = try host.trigger("short")
                try host.ended(id)
                let inside = try host.enterInBackground("\(id)", "while [ ! -e go ]; do sleep 0.05; done")
                defer { inside.signal(SIGKILL) }
                usleep(1_500_000)
                #expect(try isThere(host, id))
                #expect(host.why(id, says: "entered by cli:root"))
                let refused = try host.run("release", "\(id)")
                #expect(refused.status == 1 && refused.errors.contains("entered by cli:root"), "\(refused.errors)")
                try host.altp("enter", "\(id)", "--", "touch", "go")
                #expect(try inside.wait().status == 0)
                try gone(host, id)
            }
        }

        @Test func aSkippedScriptIsTakenAsDone() throws {
            try withVolume(64, keepFree: "1M") { host, _ in
                let id = try host.complete("next").id
                try host.altp("enter", "\(id)", "--", "sh", "-c", "echo mended >/processing/state")
                let wrong = try host.run("skip", "\(id)/second")
                #expect(wrong.status == 1 && wrong.errors.contains("the Processing is at first"), "\(wrong.errors)")
                try host.altp("skip", "\(id)/first")
                #expect(try host.ended(id).status == "success")
                #expect(try host.altp("logs", "\(id)/second") == "mended\n")
                #expect(
                    try host.processing(id).history?.contains { $0.text == "first was skipped by cli:root" } == true)
                let nothing = try host.run("skip", "\(id)/second")
                #expect(nothing.status == 1 && nothing.errors.contains("nothing to skip"), "\(nothing.errors)")
            }
        }

        /// A large tree goes in the background, and a removal that was cut short goes on.
        @Test func aLargeTreeHoldsNothingUpAndIsGoneAlsoAfterACrash() throws {
            try withVolume(256, keepFree: "1M") { host, _ in
                try host.write(
                    "tasks/many.yaml",
                    "policy: small\nkeep: {failed: 1h}\n"
                        + "scripts: [{name: work, run: \"for i in $(seq 40); do mkdir $i; (cd $i && seq 1000 | xargs touch); done; exit 3\"}]\n"
                )
                try host.altp("task", "reload")
                let id = try host.complete("many").id
                try host.altp("release", "\(id)")
                // Meanwhile others begin and end.
                #expect(try host.complete("next").status == "failed")
                try host.end(SIGKILL)
                try host.start()
                let history = try gone(host, id).history?.map(\.text) ?? []
                #expect(history.filter { $0.contains("directories were removed") }.count == 1, "\(history)")
                _ = try eventually("nothing of it is left") {
                    let names = FileTree.names(in: "\(host.state)/processings")
                    return names.contains { $0.hasPrefix("\(id)") } ? nil : true
                }
                #expect(try host.altp("logs", "\(id)").isEmpty)
            }
        }
    }
}

extension Host {
    /// Lets a Processing of the Task `hold` end.
    fileprivate func release(_ id: Int64) throws {
        try altp("enter", "\(id)", "--", "touch", "/processing/go")
    }

    fileprivate func why(_ id: Int64, says text: String) -> Bool {
        (try? why(id))?.facts.contains { $0.text.contains(text) } ?? false
    }

    /// Somebody who is inside, running a line for the shell.
    fileprivate func enterInBackground(_ reference: String, _ line: String) throws -> ChildProcess {
        let child = try ChildProcess(
            [Installation.path(of: "altp"), "enter", reference, "--", "sh", "-c", "echo inside; \(line)"],
            environment: ["ALTP_SOCKET": socket])
        _ = try eventually("somebody is inside") { child.output.contains("inside") ? true : nil }
        return child
    }
}
