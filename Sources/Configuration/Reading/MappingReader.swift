/// Reads the values of a mapping by key, and reports every one that is not what it should be.
struct MappingReader {
    let node: YAMLNode
    let findings: Findings
    private var entries: [String: YAMLNode.Entry] = [:]

    /// Reports unknown and duplicate keys.
    ///
    /// - Parameter what: what the mapping is, for the message when it is none.
    init?(_ node: YAMLNode, _ what: String, keys: [String], _ findings: Findings) {
        self.node = node
        self.findings = findings
        guard case .mapping(let entries) = node.content else {
            findings.report(node, "expected \(what), a mapping of \(keys.joined(separator: ", ")); got \(node.kind)")
            return nil
        }
        for entry in entries {
            let key = entry.key.text ?? ""
            if !keys.contains(key) {
                findings.report(entry.key, "unknown key \(key.quoted)\(Suggestion.text(for: key, among: keys))")
            } else if let first = self.entries[key] {
                findings.report(entry.key, "duplicate key \(key.quoted); it stands in line \(first.key.line) already")
            } else {
                self.entries[key] = entry
            }
        }
    }

    /// The value's node; nil when the key is absent.
    func value(_ key: String) -> YAMLNode? { entries[key]?.value }

    /// The node of a mapping or a list; nil also when there is nothing in it, as where all its lines are comments.
    func collection(_ key: String) -> YAMLNode? { value(key).flatMap { $0.isNull ? nil : $0 } }

    func has(_ key: String) -> Bool { entries[key] != nil }

    private func read<Value>(_ key: String, _ expected: String, _ body: (YAMLNode) -> Value?) -> Value? {
        guard let value = value(key) else { return nil }
        // A key with nothing after it is a mistake, not a wish for the default.
        if !value.isNull, let result = body(value) { return result }
        findings.report(value, "\(key): expected \(expected); got \(value.kind)")
        return nil
    }

    func string(_ key: String) -> String? { read(key, "a text") { $0.text } }

    /// An absolute path that is not the root itself.
    func folder(_ key: String) -> String? {
        guard let value = value(key), let path = string(key) else { return nil }
        guard Names.isNormalPath(path), path != "/" else {
            findings.report(value, "\(key): expected an absolute path without . and ..; got \(value.kind)")
            return nil
        }
        return path
    }

    func integer(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        let limits =
            range.upperBound == .max
            ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        return read(key, "a whole number \(limits)") { node in
            node.text.flatMap(Numbers.whole).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func number(_ key: String, above minimum: Double, upTo maximum: Double) -> Double? {
        let limits =
            maximum == .infinity ? "above \(minimum.short)" : "above \(minimum.short), at most \(maximum.short)"
        return read(key, "a number \(limits)") { node in
            node.text.flatMap(Numbers.fraction).flatMap { $0 > minimum && $0 <= maximum ? $0 : nil }
        }
    }

    func boolean(_ key: String) -> Bool? {
        read(key, "true or false") { node in
            switch node.text {
            case "true": true
            case "false": false
            default: nil
            }
        }
    }

    func size(_ key: String, atLeast minimum: Int64 = 0) -> ByteSize? {
        let limit = minimum > 0 ? " of at least \(ByteSize(bytes: minimum))" : ""
        let size = read(key, "a size such as 512K, 16M or 4G\(limit)") { node in
            node.text.flatMap { ByteSize(parsing: $0) }.flatMap { $0.bytes >= minimum ? $0 : nil }
        }
        return bounded(key, size, Self.largestSize)
    }

    /// A size, or a part of the whole: `10%`.
    func freeSpace(_ key: String) -> FreeSpace? {
        if let value = value(key), let text = value.text, text.hasSuffix("%") {
            guard let percent = Numbers.fraction(String(text.dropLast())), (0..<100).contains(percent) else {
                findings.report(value, "\(key): expected a part from 0% to less than 100%; got \(value.kind)")
                return nil
            }
            return .percent(percent)
        }
        let size = read(key, "a size such as 512M or 10G, or a part such as 10%") { node in
            node.text.flatMap { ByteSize(parsing: $0) }
        }
        return bounded(key, size, Self.largestSize).map(FreeSpace.bytes)
    }

    func timespan(_ key: String, atLeast minimum: Int64 = 0) -> Timespan? {
        let limit = minimum > 0 ? " of at least \(Timespan(milliseconds: minimum))" : ""
        let time = read(key, "a duration such as 30s, 5m or 2h\(limit)") { node in
            node.text.flatMap { Timespan(parsing: $0) }.flatMap { $0.milliseconds >= minimum ? $0 : nil }
        }
        return bounded(key, time, Self.longestTime)
    }

    // What is added up later, to a moment or to a sum of many Scripts, stays far from overflowing.
    private static let largestSize = ByteSize(bytes: 1 << 50)
    private static let longestTime = Timespan(seconds: 36_500 * 86_400)

    private func bounded<Value: Comparable>(_ key: String, _ given: Value?, _ most: Value) -> Value? {
        guard let given, let value = value(key) else { return nil }
        if given <= most { return given }
        findings.report(value, "\(key): expected at most \(most); got \(value.kind)")
        return nil
    }

    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) -> Choice? where Choice.RawValue == String {
        guard let value = value(key) else { return nil }
        let names = Choice.allCases.map(\.rawValue)
        if let result = value.text.flatMap({ Choice(rawValue: $0) }) { return result }
        let suggestion = Suggestion.text(for: value.text ?? "", among: names)
        findings.report(
            value, "\(key): expected one of \(names.joined(separator: ", ")); got \(value.kind)\(suggestion)")
        return nil
    }

    /// A list's items.
    func list(_ key: String, _ expected: String) -> [YAMLNode]? {
        guard let value = collection(key) else { return nil }
        if case .sequence(let items) = value.content { return items }
        findings.report(value, "\(key): expected \(expected); got \(value.kind)")
        return nil
    }

    /// A mapping of names to texts.
    func texts(_ key: String, _ expected: String) -> [(key: YAMLNode, value: YAMLNode)]? {
        guard let value = collection(key) else { return nil }
        guard case .mapping(let entries) = value.content else {
            findings.report(value, "\(key): expected \(expected); got \(value.kind)")
            return nil
        }
        var seen: Set<String> = []
        var result: [(key: YAMLNode, value: YAMLNode)] = []
        for entry in entries {
            if seen.insert(entry.key.text ?? "").inserted {
                result.append((entry.key, entry.value))
            } else {
                findings.report(entry.key, "duplicate key \((entry.key.text ?? "").quoted)")
            }
        }
        return result
    }

    /// Reports a key that must be there and is not.
    func require(_ key: String, _ purpose: String) {
        if !has(key) { findings.report(node, "missing key \(key.quoted): \(purpose)") }
    }
}

extension Double {
    /// `1`, not `1.0`.
    var short: String { self == rounded() && magnitude < 1e15 ? "\(Int64(self))" : "\(self)" }
}
