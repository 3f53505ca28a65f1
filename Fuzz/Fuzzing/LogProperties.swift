import Configuration
import Launcher
import Sandbox

enum LogProperties {
    /// The end of a log, and the cause that is made of it. The first byte says whether the log begins there.
    static func end(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let lines = LogEnd.lines(bytes.dropFirst(), isWhole: first & 1 == 0)
        require(lines.count <= 40, "lines are bounded")
        for line in lines {
            require(
                line.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) },
                "a line has no control characters")
            require(CausePattern.of(line).count <= 200, "a pattern is bounded")
        }
        let outcome = Outcome(kind: .hard, exitStatus: 1, reason: "exit status 1", endedAt: 0)
        let cause = Cause(task: "t", script: "s", outcome: outcome, isOwnWord: false, log: lines)
        require(cause?.fingerprint.count == 16, "a failure has a cause")
        require((cause?.sample.utf8.count ?? 0) <= 2000, "a sample is bounded")
        require((cause?.pattern.count ?? 0) <= 1000, "a cause's pattern is bounded")
    }
}
