/// What an option of a command line says over a policy: the same as a key of a policy file, and read by the same reader.
package struct PolicySetting: Sendable, Hashable {
    package enum Place: Sendable, Hashable {
        /// A key of the file, or of its `limits`.
        case key(String)
        case limit(String)
        /// One more item of a list.
        case item(String)
        /// One more endpoint of `network: {allow: …}`.
        case endpoint
        /// One more mount, by its keys.
        case mount
    }

    /// As it was typed, for messages: `--memory`.
    package var option: String
    package var place: Place
    /// The value; several keys for a mount.
    package var values: [String: String]

    package init(_ option: String, _ place: Place, _ value: String) {
        self.init(option, place, ["": value])
    }

    package init(_ option: String, _ place: Place, _ values: [String: String]) {
        self.option = option
        self.place = place
        self.values = values
    }
}

/// An option's value that a policy file could not have either.
package struct PolicySettingProblem: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String

    package init(description: String) { self.description = description }
}

extension Policy {
    /// The policy with these settings: a value replaces the policy's, items of lists are added to it.
    ///
    /// - Parameter sources: where mounts may come from.
    package func with(
        _ settings: [PolicySetting], sources: MountSources
    ) throws(PolicySettingProblem) -> Policy {
        guard !settings.isEmpty else { return self }
        let findings = Findings(file: "")
        var policy = self
        PolicyReader(findings: findings, folder: ".", sources: sources).read(Self.node(of: settings), into: &policy)
        guard let first = findings.diagnostics.first else { return policy }
        // A node's line says which setting it is.
        let setting = settings[max(first.line, 1) - 1]
        var message = first.message
        // The option's own name says it already.
        switch setting.place {
        case .key(let key), .limit(let key), .item(let key):
            if message.hasPrefix("\(key): ") { message.removeFirst(key.count + 2) }
        case .endpoint, .mount: break
        }
        throw PolicySettingProblem(description: "\(setting.option): \(message)")
    }

    private static func node(of settings: [PolicySetting]) -> YAMLNode {
        var root: [YAMLNode.Entry] = []
        var limits: [YAMLNode.Entry] = []
        var lists: [String: [YAMLNode]] = [:]
        for (index, setting) in settings.enumerated() {
            func node(_ text: String) -> YAMLNode {
                YAMLNode(content: .scalar(text, isPlain: false), line: index + 1, column: 1)
            }
            let value = node(setting.values[""] ?? "")
            switch setting.place {
            case .key(let key): root.append(.init(key: node(key), value: value))
            case .limit(let key): limits.append(.init(key: node(key), value: value))
            case .item(let key): lists[key, default: []].append(value)
            case .endpoint: lists["allow", default: []].append(value)
            case .mount:
                let entries = setting.values.sorted { $0.key < $1.key }
                    .map { YAMLNode.Entry(key: node($0.key), value: node($0.value)) }
                lists["mounts", default: []].append(
                    YAMLNode(content: .mapping(entries), line: index + 1, column: 1))
            }
        }
        func collection(_ content: YAMLNode.Content, at line: Int) -> YAMLNode {
            YAMLNode(content: content, line: line, column: 1)
        }
        func key(_ name: String) -> YAMLNode { collection(.scalar(name, isPlain: false), at: 1) }
        if let first = limits.first {
            root.append(.init(key: key("limits"), value: collection(.mapping(limits), at: first.value.line)))
        }
        for (name, items) in lists.sorted(by: { $0.key < $1.key }) {
            let list = collection(.sequence(items), at: items[0].line)
            if name == "allow" {
                let allow = collection(.mapping([.init(key: key("allow"), value: list)]), at: list.line)
                root.append(.init(key: key("network"), value: allow))
            } else {
                root.append(.init(key: key(name), value: list))
            }
        }
        return collection(.mapping(root), at: 1)
    }
}
