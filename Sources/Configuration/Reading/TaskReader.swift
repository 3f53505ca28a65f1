/// Reads a Task file.
struct TaskReader {
    let findings: Findings
    let host: HostConfiguration
    /// What altp.yaml says of pools can be relied on.
    let poolsAreKnown: Bool
    /// By name.
    let policies: [String: Policy]
    /// By name, policies that cannot be used, and why.
    let brokenPolicies: [String: [Diagnostic]]

    private static let keys = [
        "description", "on_event", "every", "cron", "timezone", "params", "env", "policy", "priority", "max_running",
        "keep",
        "scripts",
    ]

    func task(_ root: YAMLNode?, name: String) -> TaskDefinition? {
        guard let root else {
            findings.report("the file is empty; a Task has at least scripts")
            return nil
        }
        guard let reader = MappingReader(root, "a Task", keys: Self.keys, findings) else { return nil }
        reader.require("scripts", "the chain, a list of Scripts")
        var task = TaskDefinition(name: name, scripts: [])
        task.description = reader.string("description")
        task.trigger = trigger(reader)
        task.params = parameters(reader)
        task.environment = environment(reader)
        task.priority = reader.integer("priority", -1000...1000) ?? 0
        task.maxRunning = reader.integer("max_running", 1...1_000_000)
        if let keep = reader.collection("keep"),
            let times = MappingReader(keep, "keep", keys: ["success", "failed"], findings)
        {
            task.keep = Keep(
                success: times.timespan("success") ?? task.keep.success,
                failed: times.timespan("failed") ?? task.keep.failed)
        }
        let policy = reader.has("policy") ? policy(reader) : nil
        let scripts = ScriptReader(
            task: self, taskPolicy: reader.has("policy") ? .named(policy) : .none, parameters: task.params.map(\.name))
        var names: Set<String> = []
        for node in reader.list("scripts", "a list of Scripts") ?? [] {
            guard let script = scripts.script(node) else { continue }
            if !names.insert(script.name).inserted {
                findings.report(node, "a second Script with the name \(script.name.quoted)")
            }
            task.scripts.append(script)
        }
        if let list = reader.value("scripts"), list.isNull || list.content == .sequence([]) {
            findings.report(list, "scripts: a Task has at least one Script")
        }
        return task
    }

    /// The policy that a Task or a Script names; nil, with the reason noted, when there is none to use. Never another
    /// in its place: that would run Scripts under limits and permissions that nobody chose.
    func policy(_ reader: MappingReader) -> Policy? {
        guard let value = reader.value("policy"), let name = reader.string("policy") else { return nil }
        if let policy = usable(name) { return policy }
        if brokenPolicies[name] == nil {
            let suggestion = Suggestion.text(for: name, among: Array(policies.keys) + brokenPolicies.keys)
            findings.report(value, "policy: there is no policies/\(name).yaml\(suggestion)")
        }
        return nil
    }

    func usable(_ name: String) -> Policy? {
        if let problems = brokenPolicies[name] { findings.inherit(problems) }
        return policies[name]
    }

    func environment(_ reader: MappingReader) -> [String: String] {
        var result: [String: String] = [:]
        for (key, value) in reader.texts("env", "a mapping of variables to texts") ?? [] {
            let name = key.text ?? ""
            guard Names.isVariable(name) else {
                findings.report(
                    key, "env: \(name.quoted) is no variable's name: letters, digits and _, not beginning with a digit")
                continue
            }
            guard !name.hasPrefix("ALTP_") else {
                findings.report(key, "env: \(name.quoted) cannot be set: what begins with ALTP_ is the Launcher's own")
                continue
            }
            guard let text = value.text, !value.isNull else {
                findings.report(value, "env: \(name): expected a text; got \(value.kind)")
                continue
            }
            result[name] = text
        }
        return result
    }

    private func trigger(_ reader: MappingReader) -> Trigger {
        let given = ["on_event", "every", "cron"].filter(reader.has)
        if given.count > 1, let second = reader.value(given[1]) {
            findings.report(second, "\(given[1]): the Task has a trigger already, \(given[0]); it can have one")
        }
        if let zone = reader.value("timezone"), !reader.has("cron") {
            findings.report(zone, "timezone: only a cron trigger has one")
        }
        switch given.first {
        case "on_event": return .event(eventType(reader))
        case "every": return .every(reader.timespan("every", atLeast: 1000) ?? Timespan(seconds: 3600))
        case "cron": return cron(reader)
        default: return .manual
        }
    }

    /// What an Event's type may be: another would never be sent, and the Task never run.
    private func eventType(_ reader: MappingReader) -> String {
        guard let value = reader.value("on_event"), let type = reader.string("on_event") else { return "" }
        let isControl = type.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
        if type.isEmpty || type.utf8.count > 1024 || isControl {
            findings.report(value, "on_event: the type of an Event has 1 to 1024 bytes and no control characters")
        }
        return type
    }

    private func cron(_ reader: MappingReader) -> Trigger {
        let expression = reader.string("cron") ?? ""
        if let value = reader.value("cron"), value.text != nil, !value.isNull {
            do throws(CronError) {
                _ = try CronExpression(parsing: expression)
            } catch {
                findings.report(value, "cron: \(error.description)")
            }
        }
        let zone = reader.string("timezone") ?? "UTC"
        if let value = reader.value("timezone"), value.text != nil, !value.isNull {
            do throws(TimeZoneError) {
                _ = try TimeZoneRules.load(named: zone)
            } catch {
                findings.report(value, "timezone: \(error.description)")
            }
        }
        return .cron(expression: expression, timezone: zone)
    }

    private func parameters(_ reader: MappingReader) -> [Parameter] {
        var result: [Parameter] = []
        for (key, value) in reader.texts("params", "a mapping of parameters") ?? [] {
            let name = key.text ?? ""
            guard Names.isParameter(name) else {
                findings.report(
                    key,
                    "params: \(name.quoted) is no parameter's name: lower-case letters, digits and _, beginning with a letter"
                )
                continue
            }
            let keys = ["type", "required", "default", "description"]
            guard let fields = MappingReader(value, "a parameter", keys: keys, findings) else { continue }
            var parameter = Parameter(name: name)
            parameter.kind = fields.choice("type") ?? .string
            parameter.required = fields.boolean("required") ?? false
            parameter.defaultValue = fields.string("default")
            parameter.description = fields.string("description")
            if parameter.required, reader.has("every") || reader.has("cron"), let value = fields.value("required") {
                findings.report(value, "required: nobody gives a Periodic Task's ticks a value; give it a default")
            }
            if parameter.required, let value = fields.value("default") {
                findings.report(value, "default: a required parameter has none")
            }
            if let text = parameter.defaultValue, let value = fields.value("default"), !parameter.kind.accepts(text) {
                findings.report(value, "default: expected \(parameter.kind.noun); got \(value.kind)")
            }
            result.append(parameter)
        }
        return result
    }
}

extension Parameter.Kind {
    fileprivate var noun: String {
        switch self {
        case .string: "a text"
        case .number: "a number"
        case .integer: "a whole number"
        case .boolean: "true or false"
        }
    }

    /// No more than what the Launcher takes: a default that it refuses would fail every Processing.
    fileprivate func accepts(_ text: String) -> Bool {
        switch self {
        case .string: true
        case .integer: Numbers.whole(text) != nil
        case .number: Numbers.fraction(text) != nil
        case .boolean: text == "true" || text == "false"
        }
    }
}
