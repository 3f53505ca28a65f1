import Configuration
import Wire

/// Processings as tables and pages.
enum ProcessingText {
    static func table(_ processings: [ProcessingView], now: Int64) -> Table {
        var table = Table([
            .init("ID", alignsRight: true), .init("TASK", flexible: 10), .init("STATUS"), .init("SCRIPT", flexible: 6),
            .init("PARAMS", flexible: 10), .init("AGE", alignsRight: true), .init("DURATION", alignsRight: true),
        ])
        for processing in processings {
            table.add([
                .init("\(processing.id)"), .init(processing.task),
                .init(status(processing), face(of: processing.status)),
                .init(processing.script ?? "-"), .init(ParameterText.line(processing.params)),
                .init(TimeText.age(of: processing.createdAt.milliseconds, at: now)),
                .init(duration(processing, now: now)),
            ])
        }
        return table
    }

    /// `running`, `failed (oom)`
    static func status(_ processing: ProcessingView) -> String {
        guard let outcome = processing.outcome, outcome != processing.status else { return processing.status }
        return "\(processing.status) (\(outcome))"
    }

    static func duration(_ processing: ProcessingView, now: Int64) -> String {
        guard let start = processing.startedAt?.milliseconds else { return "-" }
        return TimeText.duration((processing.endedAt?.milliseconds ?? now) - start)
    }

    static func isFinal(_ processing: ProcessingView) -> Bool {
        processing.status != "waiting" && processing.status != "running"
    }

    static func page(_ processing: ProcessingView, event: EventView?, context: Context) -> String {
        let style = context.output.style
        let now = context.now
        var head = style("Processing \(processing.id)", .bold) + " of \(Printable.line(processing.task)): "
        head += style(Printable.line(status(processing)), face(of: processing.status))
        if let script = processing.script, processing.status != "success" { head += " at \(Printable.line(script))" }
        if let reason = processing.reason { head += "\n  \(Printable.line(reason))" }
        var facts: [(String, String)] = []
        if let event {
            facts.append(("Event", "\(event.id), \(event.type) \(event.key), from \(event.source)"))
        } else if let event = processing.event {
            facts.append(("Event", "\(event)"))
        }
        for (name, value) in processing.params.sorted(by: { $0.key < $1.key }) {
            facts.append(("Param", "\(name)=\(value.text)"))
        }
        for (key, value) in (processing.labels ?? [:]).sorted(by: { $0.key < $1.key }) {
            facts.append(("Label", "\(key):\(value)"))
        }
        facts.append(("Created", TimeText.full(processing.createdAt.milliseconds)))
        if let start = processing.startedAt?.milliseconds {
            facts.append(("Started", "\(TimeText.full(start)), took \(duration(processing, now: now))"))
        }
        if let end = processing.endedAt?.milliseconds { facts.append(("Ended", TimeText.full(end))) }
        facts.append(("Definition", String(processing.definition.prefix(12))))
        if let directory = processing.directory { facts.append(("Directory", directory)) }
        if let remnant = processing.remnant { facts.append(("Remnant", remnant)) }
        if let who = processing.pinnedBy { facts.append(("Pinned by", who)) }
        var text = head + "\n" + FactList.render(facts, style: style)
        if let scripts = processing.scripts, !scripts.isEmpty {
            text += "\n" + attempts(scripts, now: now).render(width: context.output.width, style: style)
            text += metrics(scripts, style: style)
        }
        if let history = processing.history, !history.isEmpty {
            text += "\n" + style("History", .bold) + "\n"
            for entry in history {
                text += "  \(TimeText.full(entry.at.milliseconds))  \(Printable.line(entry.text))\n"
            }
        }
        let next = nextCommands(processing)
        if !next.isEmpty { text += "\nNext: " + next.joined(separator: "   ") + "\n" }
        return text
    }

    private static func attempts(_ scripts: [ScriptView], now: Int64) -> Table {
        var table = Table([
            .init("SCRIPT"), .init("ATTEMPT"), .init("OUTCOME"), .init("DURATION", alignsRight: true),
            .init("CPU", alignsRight: true), .init("MEMORY", alignsRight: true), .init("DETAIL", flexible: 20),
        ])
        for script in scripts {
            if script.attempts.isEmpty {
                table.add([.init(script.name, .dim), "-", .init(script.state, .dim), "-", "-", "-", ""])
            }
            for attempt in script.attempts {
                let usage = attempt.evidence?.usage
                let end = attempt.endedAt?.milliseconds ?? now
                let outcome = attempt.outcome ?? attempt.state
                table.add([
                    .init(script.name), .init("#\(attempt.number)"), .init(outcome, face(of: outcome)),
                    .init(TimeText.duration(end - attempt.startedAt.milliseconds)),
                    .init(usage?.cpuMilliseconds.map(TimeText.duration) ?? "-"),
                    .init(usage?.memoryPeak.map(SizeText.short) ?? "-"), .init(detail(attempt)),
                ])
            }
        }
        return table
    }

    private static func metrics(_ scripts: [ScriptView], style: Style) -> String {
        var facts: [(String, String)] = []
        for script in scripts {
            for attempt in script.attempts {
                facts += attempt.metrics.map { metric in
                    let unit = metric.unit.map { " \($0)" } ?? ""
                    return ("\(script.name)#\(attempt.number)", "\(metric.name) \(number(metric.value))\(unit)")
                }
            }
        }
        return facts.isEmpty ? "" : "\n" + style("Metrics", .bold) + "\n" + FactList.render(facts, style: style)
    }

    /// `12`, not `12.0`.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && value.magnitude < 1e15 ? "\(Int64(value))" : "\(value)"
    }

    private static func detail(_ attempt: AttemptView) -> String {
        guard let evidence = attempt.evidence else {
            let percent = attempt.progress.map { "\(Int($0))%" }
            return [percent, attempt.progressText].compactMap(\.self).joined(separator: " ")
        }
        var parts: [String] = []
        if evidence.kind != "success" { parts.append(evidence.reason) }
        for call in evidence.deniedCalls {
            parts.append("denied \(call.name)\(call.count > 1 ? " ×\(call.count)" : "")")
        }
        for connection in evidence.refusedConnections ?? [] {
            let count = connection.count > 1 ? " ×\(connection.count)" : ""
            parts.append("refused \(connection.destination)/\(connection.transport)\(count)")
        }
        if evidence.log.dropped > 0 { parts.append("log cut by \(SizeText.short(evidence.log.dropped))") }
        return parts.joined(separator: "; ")
    }

    static func nextCommands(_ processing: ProcessingView) -> [String] {
        let id = processing.id
        let script = processing.script.map { "/\(Printable.line($0))" } ?? ""
        switch processing.status {
        case "waiting": return ["altp why \(id)", "altp cancel \(id)"]
        case "running": return ["altp logs -f \(id)\(script)", "altp why \(id)", "altp cancel \(id)"]
        case "success": return []
        default:
            var commands = ["altp logs \(id)\(script)", "altp why \(id)"]
            if processing.directory != nil { commands.append("altp enter \(id)") }
            commands.append(
                processing.script.map { "altp rerun \(id) --from \(Printable.line($0))" } ?? "altp rerun \(id)")
            return commands
        }
    }

    static func face(of word: String) -> Style.Face? {
        switch word {
        case "success": .green
        case "running", "starting": .blue
        case "waiting", "soft", "pending": .yellow
        case "cancelled": .dim
        default: .red
        }
    }
}
