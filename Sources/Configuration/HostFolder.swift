/// Everything a configuration folder says, checked: every value here is valid and every name resolves.
package struct HostFolder: Sendable, Hashable {
    package var path: String
    package var host: HostConfiguration
    package var tasks: [String: TaskDefinition]
    package var policies: [String: Policy]
    package var rootfs: [String: RootfsDefinition]
    package var webhooks: [String: WebhookDefinition]

    package init(
        path: String, host: HostConfiguration, tasks: [String: TaskDefinition], policies: [String: Policy],
        rootfs: [String: RootfsDefinition], webhooks: [String: WebhookDefinition] = [:]
    ) {
        self.path = path
        self.host = host
        self.tasks = tasks
        self.policies = policies
        self.rootfs = rootfs
        self.webhooks = webhooks
    }

    /// The folder beside `tasks/NAME.yaml` that holds the Task's scripts; it may not exist.
    package func scriptsFolder(of task: String) -> String { "\(path)/tasks/\(task)" }
}
