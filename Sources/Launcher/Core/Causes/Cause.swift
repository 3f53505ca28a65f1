package import Configuration
package import Sandbox
package import Store

/// Why an attempt failed, in the terms in which failures are put together. Pure: the outcome and the log's end go in.
///
/// Where the kernel says what ended it (a limit, a refused system call), that is the cause, and what the Script happened to
/// print before is not. Else it is what the log says at its end, with placeholders for what differs each time.
package struct Cause: Sendable, Hashable {
    package var fingerprint: String
    package var task: String
    package var script: String
    package var outcome: OutcomeKind
    package var pattern: String
    /// What this one said, as it was written.
    package var sample: String

    /// Bytes of UTF-8.
    private static let longestSample = 2000
    private static let sampleLines = 8

    /// - Parameters:
    ///   - outcome: what the attempt ended as, after all.
    ///   - isOwnWord: the Script, or the Launcher, has said what it is a failure of: its reason counts, not the log.
    ///   - log: the log's last lines: see `LogEnd`.
    /// - Returns: nil for what is no failure.
    package init?(task: String, script: String, outcome: Outcome, isOwnWord: Bool, log: [String]) {
        guard outcome.kind != .success, outcome.kind != .cancelled else { return nil }
        let pattern = Self.pattern(outcome, isOwnWord: isOwnWord, log)
        self.init(
            task: task, script: script, outcome: outcome.kind, pattern: pattern,
            sample: Self.sample(outcome, log))
    }

    private init(task: String, script: String, outcome: OutcomeKind, pattern: String, sample: String) {
        self.task = task
        self.script = script
        self.outcome = outcome
        self.pattern = pattern
        self.sample = sample
        let parts = ["1", task, script, outcome.rawValue, pattern]
        fingerprint = String(SHA256.of(parts.joined(separator: "\0")).prefix(16))
    }

    /// What stands for all other causes of a Script that has too many of them.
    package var rest: Cause {
        Cause(task: task, script: script, outcome: outcome, pattern: "(one of many others)", sample: sample)
    }

    package var record: CauseRecord {
        CauseRecord(
            fingerprint: fingerprint, task: task, script: script, outcome: outcome.rawValue, pattern: pattern,
            sample: sample)
    }

    // MARK: The pattern

    private static func pattern(_ outcome: Outcome, isOwnWord: Bool, _ log: [String]) -> String {
        if outcome.kind == .seccomp || !isOwnWord && outcome.deniedCalls.contains(where: \.killed) {
            let names = Set(outcome.deniedCalls.filter { $0.killed || outcome.kind == .seccomp }.map(\.name))
            if !names.isEmpty { return "system call \(names.sorted().joined(separator: ", ")) refused" }
        }
        if let limit = outcome.limit { return "limit \(limit.name) reached" }
        switch outcome.kind {
        case .timeout, .cpuTime, .oom, .pids, .disk, .seccomp: return "limit \(outcome.kind.rawValue) reached"
        case .setup, .lost: return CausePattern.of(firstLine(outcome.reason))
        default: break
        }
        let how = outcome.signal.map { "signal \($0)" } ?? outcome.exitStatus.map { "exit status \($0)" } ?? ""
        if isOwnWord { return CausePattern.of(firstLine(outcome.reason)) }
        let said = telling(log)
        guard !said.isEmpty else { return how.isEmpty ? CausePattern.of(firstLine(outcome.reason)) : how }
        return (how.isEmpty ? [] : [how]).joined() + (how.isEmpty ? "" : ": ") + said.joined(separator: " | ")
    }

    private static func firstLine(_ text: String) -> String { LogEnd.lines(text.utf8, isWhole: true).first ?? "" }

    /// The log's lines that tell of the failure, as patterns: of a Python traceback the innermost frame and the error, else
    /// the last ones that speak of one, else the very last.
    static func telling(_ log: [String]) -> [String] {
        if let traceback = pythonError(log) { return traceback }
        let recent = log.suffix(20)
        var patterns: [String] = []
        for line in recent.reversed() where speaksOfError(line) {
            let pattern = CausePattern.of(line)
            // The same of each file is one, however many there were.
            if !patterns.contains(pattern) { patterns.append(pattern) }
            if patterns.count == 3 { break }
        }
        if patterns.isEmpty, let last = recent.last { patterns = [CausePattern.of(last)] }
        return patterns.reversed()
    }

    private static let traceback = "Traceback (most recent call last)"

    private static func pythonError(_ log: [String]) -> [String]? {
        guard let start = log.lastIndex(where: { $0.contains(traceback) }) else { return nil }
        let body = log[(start + 1)...]
        guard let frame = body.lastIndex(where: isFrame) else { return nil }
        // The frame's own line of source and its marks follow it, and then the error, which names a class.
        guard let error = body[(frame + 1)...].first(where: isException) else { return nil }
        return [CausePattern.of(withoutLineNumber(body[frame])), CausePattern.of(error)]
    }

    private static func isFrame(_ line: String) -> Bool { line.hasPrefix("File \"") && line.contains("\", line ") }

    /// `ValueError: …`, `rasterio.errors.RasterioIOError: …`, `KeyboardInterrupt`
    private static func isException(_ line: String) -> Bool {
        let name = line.prefix { $0 != ":" && $0 != " " }
        let isName = !name.isEmpty && name.utf8.allSatisfy { isNameByte($0) }
        guard isName, name.utf8.first.map({ !(0x30...0x39).contains($0) }) == true else { return false }
        let last = name.split(separator: ".").last ?? ""
        let isClass = last.first?.isUppercase == true || last == "error" || last == "timeout"
        return isClass && (name.count == line.count || line.dropFirst(name.count).hasPrefix(":"))
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
            || byte == 0x2E
    }

    /// `File "/scripts/load.py", line 12, in main` → `File "/scripts/load.py", in main`: lines move with each change.
    private static func withoutLineNumber(_ frame: String) -> String {
        guard let start = frame.firstRange(of: ", line ") else { return frame }
        let rest = frame[start.upperBound...].drop { $0.isNumber }
        return String(frame[..<start.lowerBound] + rest)
    }

    private static let words = [
        "error", "fatal", "exception", "fail", "cannot", "can't", "could not", "couldn't", "unable", "denied",
        "refused",
        "no such", "not found", "not exist", "timed out", "timeout", "abort", "panic", "killed", "invalid", "missing",
        "corrupt", "unexpected", "out of memory", "no space", "segmentation", "unreachable", "undefined",
        "not permitted",
    ]

    private static func speaksOfError(_ line: String) -> Bool {
        let small = line.lowercased()
        // That there were none is no error.
        if small.hasPrefix("0 error") || small.contains(" 0 error") || small.contains("no error")
            || small.contains("without error")
        {
            return false
        }
        return words.contains { small.contains($0) }
    }

    // MARK: The sample

    private static func sample(_ outcome: Outcome, _ log: [String]) -> String {
        var text = log.suffix(sampleLines).joined(separator: "\n")
        if text.isEmpty { text = firstLine(outcome.reason) }
        while text.utf8.count > longestSample {
            // The end says more than the beginning.
            text = String(text.dropFirst(max(1, (text.utf8.count - longestSample) / 4)))
        }
        return text
    }
}
