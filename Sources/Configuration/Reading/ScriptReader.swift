/// Reads one Script of a Task file.
struct ScriptReader {
    let task: TaskReader
    /// What the Task says of a policy; nil inside when it names one that cannot be used, which has been noted.
    let taskPolicy: TaskPolicy
    let parameters: [String]

    enum TaskPolicy {
        case none
        case named(Policy?)
    }

    private static let keys = ["name", "run", "policy", "limits", "pools", "retry", "workdir", "env"]

    private var findings: Findings { task.findings }

    func script(_ node: YAMLNode) -> ScriptDefinition? {
        guard let reader = MappingReader(node, "a Script", keys: Self.keys, findings) else { return nil }
        reader.require("name", "what the Script is called")
        reader.require("run", "its command, a list of arguments or a line for /bin/sh")
        let name = reader.string("name") ?? ""
        if let value = reader.value("name"), value.text != nil, !Names.isValid(name) {
            findings.report(value, "name: \(name.quoted) is no name: \(Names.rule)")
        }
        let named = policy(reader)
        // Without a usable policy the Task is discarded; the rest of it is read for what else is wrong.
        var policy = named ?? Policy(name: "default")
        if let limits = reader.collection("limits") {
            policy.limits = PolicyReader(findings: findings, folder: "").limits(limits, over: policy.limits)
        }
        if named != nil { checkFits(policy, reader) }
        var script = ScriptDefinition(name: name, run: command(reader), policy: policy)
        script.pools = pools(reader)
        script.retry = retry(reader)
        script.workingDirectory = reader.choice("workdir") ?? .scratch
        script.environment = task.environment(reader)
        return name.isEmpty ? nil : script
    }

    private func policy(_ reader: MappingReader) -> Policy? {
        if reader.has("policy") { return task.policy(reader) }
        switch taskPolicy {
        case .named(let policy): return policy
        case .none: return task.usable("default")
        }
    }

    /// What can never be handed out is an error here, not a Script that waits for ever.
    private func checkFits(_ policy: Policy, _ reader: MappingReader) {
        let place = reader.value("limits") ?? reader.value("policy") ?? reader.node
        if let cpu = task.host.cpu, policy.limits.cpu > cpu {
            findings.report(
                place, "cpu: the Script needs \(policy.limits.cpu.short) cores, and altp.yaml hands out \(cpu.short)")
        }
        if let memory = task.host.memory, policy.limits.memory > memory {
            findings.report(
                place, "memory: the Script needs \(policy.limits.memory), and altp.yaml hands out \(memory)")
        }
        if let disk = task.host.disk, policy.limits.diskWanted > disk {
            findings.report(
                place,
                "disk: the Script needs \(policy.limits.diskWanted) with its log, and altp.yaml hands out \(disk)")
        }
    }

    private func command(_ reader: MappingReader) -> ScriptDefinition.Command {
        guard let run = reader.value("run") else { return .shell("") }
        switch run.content {
        case .scalar(let line, _):
            if run.isNull || line.allSatisfy(\.isWhitespace) { findings.report(run, "run: the command is empty") }
            return .shell(line)
        case .sequence(let items):
            if items.isEmpty { findings.report(run, "run: the command is empty") }
            var arguments: [String] = []
            for item in items {
                // `~` and `null` are arguments like others; an item left blank is a mistake.
                guard let text = item.text, !(item.isNull && text.isEmpty) else {
                    findings.report(item, "run: expected a text; got \(item.kind)")
                    continue
                }
                checkReferences(text, item)
                arguments.append(text)
            }
            return .arguments(arguments)
        case .mapping:
            findings.report(run, "run: expected a list of arguments or a line for /bin/sh; got \(run.kind)")
            return .shell("")
        }
    }

    /// Every `${name}` names a parameter; `$$` is a literal `$`.
    private func checkReferences(_ text: String, _ node: YAMLNode) {
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            rest = rest[rest.index(after: dollar)...]
            if rest.first == "$" {
                rest.removeFirst()
            } else if rest.first == "{" {
                guard let end = rest.firstIndex(of: "}") else {
                    findings.report(node, "run: \"${\" without its \"}\"; write $$ for a literal $")
                    return
                }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                if !parameters.contains(name) {
                    let suggestion = Suggestion.text(for: name, among: parameters)
                    findings.report(node, "run: ${\(name)} names no parameter of the Task\(suggestion)")
                }
                rest = rest[rest.index(after: end)...]
            }
        }
    }

    private func pools(_ reader: MappingReader) -> [String: Int] {
        var result: [String: Int] = [:]
        for (key, value) in reader.texts("pools", "a mapping of pools to numbers") ?? [] {
            let name = key.text ?? ""
            guard task.poolsAreKnown else { continue }
            guard let size = task.host.pools[name] else {
                let suggestion = Suggestion.text(for: name, among: task.host.pools.keys)
                findings.report(key, "pools: altp.yaml declares no pool \(name.quoted)\(suggestion)")
                continue
            }
            guard let amount = value.text.flatMap(Numbers.whole), amount > 0 else {
                findings.report(value, "pools: \(name): expected a whole number of at least 1; got \(value.kind)")
                continue
            }
            if amount > size {
                findings.report(value, "pools: \(name): \(amount) is more than the \(size) that altp.yaml declares")
            }
            result[name] = amount
        }
        return result
    }

    private func retry(_ reader: MappingReader) -> Retry {
        var retry = Retry()
        let keys = ["limit", "delay", "backoff", "max_delay", "on", "again"]
        guard let node = reader.collection("retry"), let fields = MappingReader(node, "retry", keys: keys, findings)
        else {
            return retry
        }
        retry.limit = fields.integer("limit", 0...1_000_000) ?? retry.limit
        retry.again = fields.integer("again", 0...1_000_000)
        retry.delay = fields.timespan("delay") ?? retry.delay
        retry.backoff = fields.number("backoff", above: 0, upTo: 1000) ?? retry.backoff
        if let value = fields.value("max_delay"), let time = fields.timespan("max_delay") {
            retry.maxDelay = time
            if time < retry.delay {
                findings.report(value, "max_delay: \(time) is less than the delay, which is \(retry.delay)")
            }
        } else {
            retry.maxDelay = max(retry.maxDelay, retry.delay)
        }
        if let outcomes = fields.list("on", "a list of outcomes such as [soft, timeout]") {
            retry.on = []
            let names = OutcomeKind.allCases.filter { $0 != .success && $0 != .cancelled }.map(\.rawValue)
            for item in outcomes {
                if let name = item.text, names.contains(name), let kind = OutcomeKind(rawValue: name) {
                    retry.on.insert(kind)
                } else {
                    let suggestion = Suggestion.text(for: item.text ?? "", among: names)
                    findings.report(
                        item, "on: expected outcomes of \(names.joined(separator: ", ")); got \(item.kind)\(suggestion)"
                    )
                }
            }
        }
        return retry
    }
}
