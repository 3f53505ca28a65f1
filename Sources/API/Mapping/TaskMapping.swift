import Configuration
import Launcher
import Wire

extension TaskView {
    init(_ state: TaskState) {
        let definition = state.definition
        self.init(
            name: definition.name, description: definition.description, trigger: Trigger(definition.trigger),
            params: definition.params.map(Parameter.init), priority: definition.priority,
            maxRunning: definition.maxRunning, keepSuccess: definition.keep.success.description,
            keepFailed: definition.keep.failed.description,
            scripts: definition.scripts.map(ScriptDefinitionView.init), paused: state.paused,
            pauseReason: state.pauseReason, nextAt: state.nextTick.map(Timestamp.init), waiting: state.waiting,
            running: state.running, problem: state.problem)
    }
}

extension TaskView.Trigger {
    init(_ trigger: Configuration.Trigger) {
        switch trigger {
        case .every(let interval): self.init(kind: "every", every: interval.description)
        case .cron(let expression, let timezone): self.init(kind: "cron", cron: expression, timezone: timezone)
        case .event(let type): self.init(kind: "event", eventType: type)
        case .manual: self.init(kind: "manual")
        }
    }
}

extension TaskView.Parameter {
    init(_ parameter: Configuration.Parameter) {
        self.init(
            name: parameter.name, type: parameter.kind.rawValue, required: parameter.required,
            default: parameter.defaultValue, description: parameter.description)
    }
}

extension ScriptDefinitionView {
    init(_ script: ScriptDefinition) {
        let command =
            switch script.run {
            case .arguments(let arguments): arguments
            case .shell(let line): ["/bin/sh", "-c", line]
            }
        self.init(
            name: script.name, command: command, policy: script.policy.name,
            limits: Self.limits(script.policy.limits), pools: script.pools, retries: script.retry.limit,
            retryOn: script.retry.on.map(\.rawValue).sorted())
    }

    static func limits(_ limits: Limits) -> [String: String] {
        var result = [
            "cpu": String(limits.cpu), "memory": limits.memory.description, "swap": limits.swap.description,
            "pids": String(limits.pids), "open_files": String(limits.openFiles), "log": limits.log.description,
            "wall_time": limits.wallTime.description, "grace": limits.grace.description,
        ]
        result["cpu_time"] = limits.cpuTime?.description
        result["wall_time_max"] = limits.wallTimeMax?.description
        result["disk"] = limits.disk?.description
        result["inodes"] = limits.inodes.map(String.init)
        return result
    }
}
