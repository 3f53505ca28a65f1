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
        var rows = live.prefix(live.count > room ? room - 1 : room).map { row($0, width: width, now: now) }
        if live.count > rows.count { rows.append("… and \(live.count - rows.count) more") }
        for line in finished + rows { text += "\r\u{1B}[K\(line)\n" }
        // What is left of a longer drawing.
        text += "\u{1B}[J"
        drawn = rows.count
        return text
    }

    /// `42 landsat-scene LC08_193 [████··] calibrate #1 40% band 4  12s`
    func row(_ snapshot: WatchModel.Snapshot, width: Int, now: Int64) -> String {
        let done = Set(snapshot.attempts.filter { $0.outcome == "success" }.map(\.script))
        let current = snapshot.attempts.last
        var marks = ""
        var plainMarks = 0
        for script in snapshot.chain {
            let isCurrent = current?.script == script && current?.outcome == nil
            let mark: (String, Style.Face?) =
                done.contains(script)
                ? ("■", .green) : isCurrent ? ("▶", .blue) : current?.script == script ? ("↻", .yellow) : ("·", .dim)
            marks += style(mark.0, mark.1)
            plainMarks += 1
        }
        let head = "\(snapshot.id) \(Printable.line(snapshot.task)) "
        let time = " " + TimeText.duration(now - (snapshot.startedAt ?? snapshot.createdAt))
        let rest = width - 1 - DisplayWidth.of(head) - plainMarks - DisplayWidth.of(time)
        return head + marks + DisplayWidth.truncate(" " + Printable.line(state(snapshot, now: now)), to: max(0, rest))
            + style(time, .dim)
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
            return label + "\(name) \(outcome), again in \(TimeText.duration((due - now + 999) / 1000 * 1000))"
        }
        return label + (outcome == "success" ? "\(attempt.script) done, next waits" : "\(name) \(outcome), again soon")
    }
}
