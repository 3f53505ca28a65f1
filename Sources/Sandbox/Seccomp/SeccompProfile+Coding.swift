import CLinux
import FoundationEssentials
import Glibc

/// A key that may be any word, so that those nobody knows can be told.
private struct Word: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

private func wrong(_ path: [any CodingKey], _ key: String? = nil, _ text: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: path + (key.map { [Word(stringValue: $0)] } ?? []), debugDescription: text))
}

/// One JSON object of a profile, with the keys that it may have.
private struct Object {
    let path: [any CodingKey]
    private let values: KeyedDecodingContainer<Word>

    init(_ decoder: any Decoder, keys: Set<String>, refused: [String: String] = [:]) throws {
        values = try decoder.container(keyedBy: Word.self)
        path = decoder.codingPath
        for key in values.allKeys.map(\.stringValue).sorted() {
            if let reason = refused[key] { throw wrong(path, key, reason) }
            if !keys.contains(key) {
                throw wrong(path, key, "unknown key; expected \(keys.sorted().joined(separator: ", "))")
            }
        }
    }

    func has(_ key: String) -> Bool { values.contains(Word(stringValue: key)) }

    func value<T: Decodable>(_ key: String, _ type: T.Type = T.self) throws -> T? {
        try values.decodeIfPresent(T.self, forKey: Word(stringValue: key))
    }

    func required<T: Decodable>(_ key: String, _ type: T.Type = T.self) throws -> T {
        guard let value: T = try value(key) else { throw wrong(path, key, "is missing") }
        return value
    }

    func word<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type = T.self) throws -> T?
    where T.RawValue == String {
        guard let text: String = try value(key) else { return nil }
        guard let word = T(rawValue: text) else {
            throw wrong(
                path, key,
                "unknown value \(text); expected one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    func action(_ key: String) throws -> SeccompProfile.Action {
        switch try value(key, String.self) {
        case "SCMP_ACT_TRACE": throw wrong(path, key, "SCMP_ACT_TRACE: there is no tracer in a sandbox")
        case "SCMP_ACT_NOTIFY":
            throw wrong(path, key, "SCMP_ACT_NOTIFY: there is no agent to notify; refused calls are reported anyhow")
        default: break
        }
        guard let action: SeccompProfile.Action = try word(key) else { throw wrong(path, key, "is missing") }
        return action
    }

    /// `errno: "EPERM"` or `errnoRet: 1`; the name, which only Podman's files have, counts.
    func errorNumber(name: String, number: String) throws -> Int32? {
        let given: Int32? = try value(number)
        if let given, !(0...4095).contains(given) { throw wrong(path, number, "\(given) is no error number") }
        guard let text: String = try value(name), !text.isEmpty else { return given }
        guard let named = (1...133).first(where: { altp_error_name($0).map { String(cString: $0) } == text }) else {
            throw wrong(path, name, "\(text) is no error's name; expected one such as EPERM")
        }
        return named
    }

    func architectures(_ key: String) throws -> [Architecture] {
        try (value(key, [String].self) ?? []).map { try Self.architecture($0, path, key) }
    }

    static func architecture(_ name: String, _ path: [any CodingKey], _ key: String) throws -> Architecture {
        guard let architecture = Architecture(name) else {
            throw wrong(path, key, "unknown architecture \(name); expected one such as SCMP_ARCH_X86_64")
        }
        return architecture
    }
}

extension SeccompProfile: Codable {
    init(from decoder: any Decoder) throws {
        let listener = "user notification goes to the sandbox's pid 1, to no listener of the profile's"
        let object = try Object(
            decoder,
            keys: [
                "defaultAction", "defaultErrno", "defaultErrnoRet", "architectures", "archMap", "flags", "syscalls",
                "comment",
            ], refused: ["listenerPath": listener, "listenerMetadata": listener])
        self.init(
            defaultAction: try object.action("defaultAction"),
            defaultErrnoRet: try object.errorNumber(name: "defaultErrno", number: "defaultErrnoRet"),
            syscalls: try object.value("syscalls") ?? [])
        architectures = try object.architectures("architectures")
        archMap = try object.value("archMap") ?? []
        if !architectures.isEmpty, !archMap.isEmpty {
            throw wrong(object.path, "archMap", "there are architectures already; use one of the two")
        }
        flags = try (object.value("flags", [String].self) ?? []).map { text in
            guard let flag = FilterFlag(rawValue: text) else {
                let known = FilterFlag.allCases.map(\.rawValue).joined(separator: ", ")
                throw wrong(object.path, "flags", "unknown value \(text); expected one of \(known)")
            }
            return flag
        }
    }

    /// The profile in the runtime-spec's own words, without what it was read from.
    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Word.self)
        try values.encode(defaultAction.rawValue, forKey: Word(stringValue: "defaultAction"))
        try values.encodeIfPresent(defaultErrnoRet, forKey: Word(stringValue: "defaultErrnoRet"))
        if !architectures.isEmpty {
            try values.encode(architectures.map(\.name), forKey: Word(stringValue: "architectures"))
        }
        if !archMap.isEmpty { try values.encode(archMap, forKey: Word(stringValue: "archMap")) }
        if !flags.isEmpty { try values.encode(flags.map(\.rawValue), forKey: Word(stringValue: "flags")) }
        try values.encode(syscalls, forKey: Word(stringValue: "syscalls"))
    }
}

extension SeccompProfile.ArchitectureFamily: Codable {
    init(from decoder: any Decoder) throws {
        let object = try Object(decoder, keys: ["architecture", "subArchitectures"])
        let name: String = try object.required("architecture")
        architecture = try Object.architecture(name, object.path, "architecture")
        subArchitectures = try object.architectures("subArchitectures")
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Word.self)
        try values.encode(architecture.name, forKey: Word(stringValue: "architecture"))
        try values.encode(subArchitectures.map(\.name), forKey: Word(stringValue: "subArchitectures"))
    }
}

extension SeccompProfile.Rule: Codable {
    init(from decoder: any Decoder) throws {
        let object = try Object(
            decoder,
            keys: ["name", "names", "action", "errno", "errnoRet", "args", "comment", "includes", "excludes"])
        var names: [String] = try object.value("names") ?? []
        if let name: String = try object.value("name"), !name.isEmpty {
            if !names.isEmpty { throw wrong(object.path, "name", "there are names already; use one of the two") }
            names = [name]
        }
        if names.isEmpty { throw wrong(object.path, "names", "is missing or empty") }
        self.init(
            names: names, action: try object.action("action"),
            errnoRet: try object.errorNumber(name: "errno", number: "errnoRet"), args: try object.value("args") ?? [])
        includes = try object.value("includes") ?? .init()
        excludes = try object.value("excludes") ?? .init()
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Word.self)
        try values.encode(names, forKey: Word(stringValue: "names"))
        try values.encode(action.rawValue, forKey: Word(stringValue: "action"))
        try values.encodeIfPresent(errnoRet, forKey: Word(stringValue: "errnoRet"))
        if !args.isEmpty { try values.encode(args, forKey: Word(stringValue: "args")) }
        if includes != .init() { try values.encode(includes, forKey: Word(stringValue: "includes")) }
        if excludes != .init() { try values.encode(excludes, forKey: Word(stringValue: "excludes")) }
    }
}

extension SeccompProfile.Argument: Codable {
    init(from decoder: any Decoder) throws {
        let object = try Object(decoder, keys: ["index", "value", "valueTwo", "op"])
        index = try object.required("index")
        guard index < 6 else { throw wrong(object.path, "index", "\(index): a call has the arguments 0 to 5") }
        value = try object.required("value")
        valueTwo = try object.value("valueTwo")
        guard let op: SeccompProfile.Comparison = try object.word("op") else {
            throw wrong(object.path, "op", "is missing")
        }
        self.op = op
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Word.self)
        try values.encode(index, forKey: Word(stringValue: "index"))
        try values.encode(value, forKey: Word(stringValue: "value"))
        try values.encodeIfPresent(valueTwo, forKey: Word(stringValue: "valueTwo"))
        try values.encode(op.rawValue, forKey: Word(stringValue: "op"))
    }
}

extension SeccompProfile.Condition: Codable {
    init(from decoder: any Decoder) throws {
        let object = try Object(decoder, keys: ["caps", "arches", "minKernel"])
        caps = try object.value("caps") ?? []
        if let name = caps.first(where: { !$0.hasPrefix("CAP_") }) {
            throw wrong(object.path, "caps", "\(name) is no capability; expected one such as CAP_SYS_ADMIN")
        }
        arches = try object.value("arches") ?? []
        if let text: String = try object.value("minKernel"), !text.isEmpty {
            guard let version = KernelVersion(text) else {
                throw wrong(object.path, "minKernel", "\(text) is no version; expected one such as 4.8")
            }
            minKernel = version
        }
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Word.self)
        if !caps.isEmpty { try values.encode(caps, forKey: Word(stringValue: "caps")) }
        if !arches.isEmpty { try values.encode(arches, forKey: Word(stringValue: "arches")) }
        if let minKernel {
            try values.encode("\(minKernel.major).\(minKernel.minor)", forKey: Word(stringValue: "minKernel"))
        }
    }
}

extension SeccompProfile {
    /// Reads a profile's bytes.
    ///
    /// - Parameter path: what messages call it.
    static func parse(_ content: [UInt8], _ path: String) throws(SandboxError) -> SeccompProfile {
        do {
            return try JSONDecoder().decode(SeccompProfile.self, from: Data(content))
        } catch let error as DecodingError {
            throw SandboxError("reading the seccomp profile \(path): \(explain(error))")
        } catch {
            throw SandboxError("reading the seccomp profile \(path): \(error)")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        let context: DecodingError.Context =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default: .init(codingPath: [], debugDescription: "\(error)")
            }
        let place = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        return "\(place.isEmpty ? "" : "at \(place): ")\(context.debugDescription)"
    }
}
