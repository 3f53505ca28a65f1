/// What `altp watch` prints: in a pipe a line for each thing that happened; on a terminal a line for each Processing
/// under way, redrawn in place, and above it those that have ended.
struct WatchScreen {
    private let style: Style
    private var drawn = 0

    init(style: Style) { self.style = style }

    func plain(_ line: WatchModel.Line) -> String {
        let text = Printable.line(line.text)
        return
            "\(TimeText.clock(line.time)) \(line.id) \(Printable.line(line.task)) \(style(text, line.outcome.flatMap(ProcessingText.face)))"
    }

    /// The bytes that replace what was drawn last: `finished` scroll up, `live` stay at the bottom.
    mutating func redraw(
        finished: [String], live: [WatchModel.Snapshot], width: Int, height: Int, now: Int64
    ) -> String {
        var text = drawn > 0 ? "\u{1B}[\(drawn)A" : ""
        let room = max(1, height - 2)
        let shown = live.prefix(live.count > room ? room - 1 : room)
        let heads = shown.map { "\($0.id) \(Printable.line($0.task))" }
        let headWidth = heads.map { DisplayWidth.of($0) }.max() ?? 0
        var rows = shown.map { row($0, headWidth: headWidth, width: width, now: now) }
        if live.count > rows.count { rows.append("… and \(live.count - rows.count) more") }
        for line in finished + rows { text += "\r\u{1B}[K\(line)\n" }
        // What is left of a longer drawing.
        text += "\u{1B}[J"
        drawn = rows.count
        return text
    }

    /// `42 landsat-scene ■▶·· LC08_193: calibrate #1 40% band 4 12s`: a mark for each Script of the chain.
    func row(_ snapshot: WatchModel.Snapshot, headWidth: Int, width: Int, now: Int64) -> String {
        let name = "\(snapshot.id) \(Printable.line(snapshot.task))"
        let head = name + String(repeating: " ", count: max(0, headWidth - DisplayWidth.of(name)) + 1)
        let time = " " + TimeText.duration(now - (snapshot.startedAt ?? snapshot.createdAt))
        let marks = marks(snapshot)
        let rest = width - 1 - DisplayWidth.of(head) - marks.count - DisplayWidth.of(time)
        return head + marks.map { style($0.mark, $0.face) }.joined()
            + DisplayWidth.truncate(" " + Printable.line(state(snapshot, now: now)), to: max(0, rest))
            + style(time, .dim)
    }

    private func marks(_ snapshot: WatchModel.Snapshot) -> [(mark: String, face: Style.Face)] {
        let last = snapshot.attempts.last
        let current = snapshot.chain.firstIndex { $0 == last?.script } ?? -1
        // What comes after the current Script is to do, also when it was done before a rerun.
        return snapshot.chain.indices.map { index in
            if index < current { return ("■", .green) }
            if index > current { return ("·", .dim) }
            switch last?.outcome {
            case nil: return ("▶", .blue)
            case "success": return ("■", .green)
            default: return ("↻", .yellow)
            }
        }
    }

    private func state(_ snapshot: WatchModel.Snapshot, now: Int64) -> String {
        let label = snapshot.label.map { "\($0): " } ?? ""
        guard let attempt = snapshot.attempts.last else { return label + "waiting" }
        let name = "\(attempt.script) #\(attempt.number)"
        guard let outcome = attempt.outcome else {
            var text = label + name
            if let progress = attempt.progress { text += " \(Int(progress))%" }
            if let line = attempt.progressText { text += " \(line)" }
            return text
        }
        if let due = snapshot.retryAt, due > now {
            return label + "\(name) \(outcome), again in \(TimeText.countdown(due - now))"
        }
        return label + (outcome == "success" ? "\(attempt.script) done, next waits" : "\(name) \(outcome), again soon")
    }
}
