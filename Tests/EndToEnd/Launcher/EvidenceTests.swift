import Testing
import Wire

extension EndToEnd {
    /// What ended a Script, as `altp why` and the API say it.
    @Suite struct EvidenceTests {
        struct Case: Sendable, CustomTestStringConvertible {
            var outcome: String
            var policy: String
            var line: String
            var limit: OutcomeView.Limit?
            /// What a sentence of the explanation contains.
            var says: String

            var testDescription: String { outcome }
        }

        static let cases: [Case] = [
            Case(
                outcome: "oom", policy: "limits: {memory: 32M}", line: "python3 -c 'data = bytearray(200 << 20)'",
                limit: .init(name: "memory", limit: 32 << 20, peak: 32 << 20), says: "memory: limit 32M, peak 32M"),
            Case(
                outcome: "pids", policy: "limits: {pids: 8}",
                line: "for n in 1 2 3 4 5 6 7 8 9 10; do sleep 20 & done; wait",
                limit: .init(name: "pids", limit: 8, peak: 8), says: "pids: limit 8, peak 8"),
            Case(
                outcome: "timeout", policy: "limits: {wall_time: 200ms}", line: "sleep 20",
                limit: .init(name: "wall_time", limit: 200, peak: nil), says: "wall_time: limit 200ms"),
            Case(
                outcome: "cpu_time", policy: "limits: {cpu_time: 300ms}", line: "while :; do :; done",
                limit: .init(name: "cpu_time", limit: 300, peak: nil), says: "cpu_time: limit 300ms"),
            Case(
                outcome: "seccomp", policy: "seccomp: strict", line: "unshare --user true", limit: nil,
                says: "its seccomp policy refused unshare once"),
            Case(
                outcome: "signal", policy: "", line: "kill -SEGV $$", limit: nil, says: "signal 11 (Segmentation fault)"
            ),
            Case(outcome: "hard", policy: "", line: "exit 3", limit: nil, says: "exit status 3"),
            Case(
                outcome: "setup",
                policy: """
                    mounts:
                      - {source: /usr/share, target: /archive}
                      - {source: /usr/bin, target: /archive/nowhere}
                    """, line: "true", limit: nil, says: "/archive/nowhere"),
        ]

        @Test(arguments: cases)
        func namesWhatEndedIt(_ test: Case) throws {
            try withHost([
                "policies/tight.yaml": test.policy + "\n",
                "tasks/t.yaml": "policy: tight\nscripts:\n  - name: work\n    run: |\n      \(test.line)\n",
            ]) { host in
                let ended = try host.complete("t")
                #expect(ended.status == "failed")
                #expect(ended.outcome == test.outcome)
                let evidence = try #require(ended.scripts?.first?.attempts.first?.evidence)
                #expect(evidence.kind == test.outcome)
                #expect(evidence.limit?.name == test.limit?.name)
                #expect(evidence.limit?.limit == test.limit?.limit)
                if let peak = test.limit?.peak { #expect(evidence.limit?.peak == peak) }
                let why = try host.why(ended.id)
                #expect(why.summary.contains("\(ended.id)/work failed as \(test.outcome)"))
                #expect(why.facts.contains { $0.text.contains(test.says) }, "\(why.facts.map(\.text))")
            }
        }

        @Test func theLogIsCutAndKeepsItsEnd() throws {
            try withHost([
                "policies/tight.yaml": "limits: {log: 64K}\n",
                "tasks/t.yaml": """
                policy: tight
                scripts:
                  - name: work
                    run: 'echo first; head -c 10000000 /dev/zero | tr "\\0" x; echo; echo last'
                """,
            ]) { host in
                let ended = try host.complete("t")
                #expect(ended.status == "success")
                let log = try #require(ended.scripts?.first?.attempts.first?.evidence?.log)
                #expect(log.bytes <= 64 << 10)
                #expect(log.dropped > 9_000_000)
                let text = try host.altp("logs", "\(ended.id)/work")
                #expect(text.utf8.count < 66_000)
                #expect(text.hasPrefix("first\nxxx"))
                #expect(text.hasSuffix("xxx\nlast\n"))
                #expect(text.contains("bytes left out here"))
            }
        }
    }
}
