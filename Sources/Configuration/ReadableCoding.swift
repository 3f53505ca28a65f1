// The values with several forms are coded as configuration files write them. Definitions are stored by the hash of this form,
// so that it must stay as it is: a synthesized one would change with a case's label.

private func corrupted(_ decoder: any Decoder, _ text: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: text))
}

extension Trigger {
    private enum Key: String, CodingKey {
        case every, cron, timezone
        case onEvent = "on_event"
    }

    /// `{"every": "5m"}`, `{"cron": …, "timezone": …}`, `{"on_event": …}`, and for `manual` an empty object.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let kinds: [Key] = [.every, .cron, .onEvent].filter(values.contains)
        guard kinds.count <= 1 else { throw corrupted(decoder, "several triggers") }
        switch kinds.first {
        case .every: self = .every(try values.decode(Timespan.self, forKey: .every))
        case .cron:
            self = .cron(
                expression: try values.decode(String.self, forKey: .cron),
                timezone: try values.decode(String.self, forKey: .timezone))
        case .onEvent: self = .event(try values.decode(String.self, forKey: .onEvent))
        default: self = .manual
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        switch self {
        case .every(let interval): try values.encode(interval, forKey: .every)
        case .cron(let expression, let timezone):
            try values.encode(expression, forKey: .cron)
            try values.encode(timezone, forKey: .timezone)
        case .event(let type): try values.encode(type, forKey: .onEvent)
        case .manual: break
        }
    }
}

extension Retry {
    /// The outcomes in order: a set's own differs from process to process, and the hash with it.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(limit, forKey: .limit)
        try values.encode(delay, forKey: .delay)
        try values.encode(backoff, forKey: .backoff)
        try values.encode(maxDelay, forKey: .maxDelay)
        try values.encode(on.sorted { $0.rawValue < $1.rawValue }, forKey: .on)
        try values.encodeIfPresent(again, forKey: .again)
    }
}

extension ScriptDefinition.Command {
    /// A list of arguments, or a line as a string.
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let line = try? value.decode(String.self) {
            self = .shell(line)
        } else {
            self = .arguments(try value.decode([String].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .arguments(let arguments): try value.encode(arguments)
        case .shell(let line): try value.encode(line)
        }
    }
}

extension NetworkAccess {
    private enum Key: CodingKey { case allow }

    /// `"none"`, `"host"`, or `{"allow": […]}`.
    package init(from decoder: any Decoder) throws {
        if let word = try? decoder.singleValueContainer().decode(String.self) {
            switch word {
            case "none": self = .none
            case "host": self = .host
            default: throw corrupted(decoder, "not a network access: \(word)")
            }
        } else {
            self = .allow(try decoder.container(keyedBy: Key.self).decode([NetworkEndpoint].self, forKey: .allow))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .none: try "none".encode(to: encoder)
        case .host: try "host".encode(to: encoder)
        case .allow(let endpoints):
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(endpoints, forKey: .allow)
        }
    }
}

extension SeccompChoice {
    private enum Key: CodingKey { case file }

    /// `"default"`, `"strict"`, `"none"`, or `{"file": PATH}`.
    package init(from decoder: any Decoder) throws {
        if let word = try? decoder.singleValueContainer().decode(String.self) {
            switch word {
            case "default": self = .default
            case "strict": self = .strict
            case "none": self = .none
            default: throw corrupted(decoder, "not a seccomp policy: \(word)")
            }
        } else {
            self = .file(try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .file))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .default: try "default".encode(to: encoder)
        case .strict: try "strict".encode(to: encoder)
        case .none: try "none".encode(to: encoder)
        case .file(let path):
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(path, forKey: .file)
        }
    }
}

extension RootfsDefinition.Source {
    private enum Key: String, CodingKey {
        case directory, build
        case imported = "import"
    }

    /// `"host"`, or `{"directory": PATH}`, `{"build": {…}}`, `{"import": "oci:PATH"}`.
    package init(from decoder: any Decoder) throws {
        if let word = try? decoder.singleValueContainer().decode(String.self) {
            guard word == "host" else { throw corrupted(decoder, "not a rootfs: \(word)") }
            self = .host
        } else {
            let values = try decoder.container(keyedBy: Key.self)
            if values.contains(.build) {
                self = .build(try values.decode(RootfsBuild.self, forKey: .build))
            } else if values.contains(.imported) {
                let text = try values.decode(String.self, forKey: .imported)
                guard let image = ContainerImage(parsing: text) else {
                    throw corrupted(decoder, "not a container image: \(text)")
                }
                self = .imported(image)
            } else {
                self = .directory(try values.decode(String.self, forKey: .directory))
            }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .host: try "host".encode(to: encoder)
        case .directory(let path):
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(path, forKey: .directory)
        case .build(let build):
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(build, forKey: .build)
        case .imported(let image):
            var values = encoder.container(keyedBy: Key.self)
            try values.encode(image.description, forKey: .imported)
        }
    }
}
