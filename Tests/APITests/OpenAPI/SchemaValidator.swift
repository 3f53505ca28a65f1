import API

/// As much of JSON Schema as the API's description uses. A keyword that it does not know is an error, so that none goes
/// unchecked.
struct SchemaValidator {
    /// The description, for its references.
    var document: JSONTree

    private static let silent: Set<String> = [
        "description", "format", "examples", "contentEncoding", "propertyNames", "title",
    ]

    /// What is wrong with the value, each with its place.
    func problems(of value: JSONTree, by schema: JSONTree, at place: String = "$") -> [String] {
        schema.members.sorted { $0.key < $1.key }.flatMap { keyword, rule -> [String] in
            switch keyword {
            case "$ref":
                guard let target = resolve(rule.text ?? "") else { return ["\(place): \(rule) leads nowhere"] }
                return problems(of: value, by: target, at: place)
            case "type": return check(Self.types(rule).contains { value.isOf($0) }, place, "is no \(rule)")
            case "enum": return check(rule.elements.contains(value), place, "\(value) is none of \(rule)")
            case "anyOf":
                return check(
                    rule.elements.contains { problems(of: value, by: $0, at: place).isEmpty }, place,
                    "is none of \(rule)")
            case "pattern": return matches(value, rule, place)
            case "minimum": return check(value.amount.map { $0 >= rule.amount! } ?? true, place, "is below \(rule)")
            case "maximum": return check(value.amount.map { $0 <= rule.amount! } ?? true, place, "is above \(rule)")
            case "minLength":
                return check((value.text?.count ?? .max) >= Int(rule.whole!), place, "is shorter than \(rule)")
            case "maxLength":
                return check((value.text?.count ?? 0) <= Int(rule.whole!), place, "is longer than \(rule)")
            case "minItems":
                return check(
                    !value.isOf("array") || value.elements.count >= Int(rule.whole!), place, "has too few items")
            case "uniqueItems":
                return check(Set(value.elements).count == value.elements.count, place, "has an element twice")
            case "required":
                return rule.elements.flatMap { check(value[$0.text!] != nil, place, "lacks \($0.text!)") }
            case "properties":
                return rule.members.flatMap { name, schema in
                    value[name].map { problems(of: $0, by: schema, at: "\(place).\(name)") } ?? []
                }
            case "additionalProperties":
                let named = schema["properties"]?.members ?? [:]
                return value.members.filter { named[$0.key] == nil }.flatMap { name, value in
                    rule == false
                        ? ["\(place): has \(name)"] : problems(of: value, by: rule, at: "\(place).\(name)")
                }
            case "items":
                return value.elements.enumerated().flatMap { problems(of: $1, by: rule, at: "\(place)[\($0)]") }
            default:
                return check(Self.silent.contains(keyword), place, "the keyword \(keyword) is unknown to this test")
            }
        }
    }

    /// Where a reference leads.
    func resolve(_ reference: String) -> JSONTree? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(document as JSONTree?) { $0?[String($1)] }
    }

    private static func types(_ rule: JSONTree) -> [String] {
        rule.text.map { [$0] } ?? rule.elements.compactMap(\.text)
    }

    private func check(_ isRight: Bool, _ place: String, _ problem: String) -> [String] {
        isRight ? [] : ["\(place): \(problem)"]
    }

    private func matches(_ value: JSONTree, _ rule: JSONTree, _ place: String) -> [String] {
        guard let text = value.text, let pattern = rule.text else { return [] }
        guard let expression = try? Regex(pattern) else { return ["\(place): \(pattern) is no pattern"] }
        return check(text.contains(expression), place, "\(text) is not as \(pattern)")
    }
}

extension JSONTree {
    fileprivate func isOf(_ type: String) -> Bool {
        switch (type, self) {
        case ("null", .null), ("boolean", .bool), ("integer", .integer), ("number", .integer), ("number", .number),
            ("string", .string), ("array", .array), ("object", .object):
            true
        default: false
        }
    }

    fileprivate var amount: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .number(let number): number
        default: nil
        }
    }
}
