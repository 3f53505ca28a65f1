import Wire

/// What somebody is told who comes and goes.
enum EnterText {
    /// Where they are, and what is at hand. Without its last line feed.
    static func greeting(_ session: OpenedSessionView, _ processing: ProcessingView?, _ style: Style) -> String {
        var head = style("\(session.reference)", .bold)
        if let processing { head += " of \(Printable.line(processing.task))" }
        if let outcome = session.outcome {
            head += ", \(style(outcome.kind, ProcessingText.face(of: outcome.kind)))"
            if outcome.reason != outcome.kind { head += ": \(Printable.line(outcome.reason))" }
        } else {
            head += style(", running", .blue)
        }
        var facts = [
            (
                "Command",
                "\(CommandText.line(session.scriptCommand))   in \(session.workingDirectory); rerun-script runs it"
            )
        ]
        if session.snapshot { facts.append(("Snapshot", "what you change is thrown away when you leave")) }
        if !session.relaxed.isEmpty { facts.append(("Relaxed", session.relaxed.joined(separator: ", "))) }
        if !session.others.isEmpty { facts.append(("Inside too", session.others.joined(separator: ", "))) }
        let text = head + "\n" + FactList.render(facts.map { (name: $0.0, value: $0.1) }, style: style)
        return String(text.dropLast())
    }

    /// One line: what can be done next.
    static func farewell(_ session: OpenedSessionView, _ processing: ProcessingView) -> String {
        let id = processing.id
        let script = Printable.line(session.reference.script ?? "")
        let place = "You have left \(session.reference)."
        switch processing.status {
        case "waiting", "running":
            return "\(place) Processing \(id) is \(processing.status): altp why \(id), altp cancel \(id)"
        case "success":
            return "\(place) Next: altp rerun \(id) --from \(script), or altp release \(id)"
        default:
            return
                "\(place) Next: altp rerun \(id) --from \(script) (with /processing as it now is; --current: with today's "
                + "scripts), altp skip \(id)/\(script), altp release \(id)"
        }
    }
}
