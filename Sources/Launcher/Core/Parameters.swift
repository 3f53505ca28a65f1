package import Configuration

/// One wrong input: `field` says which.
package struct ParameterProblem: Sendable, Hashable, CustomStringConvertible {
    /// `params.scene`, `run[2]`, `environment.X`.
    package var field: String
    package var message: String

    package init(field: String, message: String) {
        self.field = field
        self.message = message
    }

    package var description: String { "\(field): \(message)" }
}

/// All that is wrong with an input, not empty.
package struct ParameterError: Error, Sendable, Hashable, CustomStringConvertible {
    package var problems: [ParameterProblem]

    package var description: String { problems.map(\.description).joined(separator: "; ") }
}

/// A Task's parameters against the values that were given.
package struct Parameters: Sendable, Hashable {
    /// What to do with a value that the Task does not declare.
    package enum Extras: Sendable {
        /// By hand: a typing error.
        case refused
        /// From an Event, which several Tasks may listen to.
        case ignored
    }

    private let declared: [Parameter]
    /// By name; an optional parameter without a value is not there.
    package let values: [String: String]

    /// Checks the given values and fills in defaults. Numbers keep the text in which they were given.
    package init(
        _ declared: [Parameter], given: [String: String], extras: Extras
    ) throws(ParameterError) {
        var problems: [ParameterProblem] = []
        var values: [String: String] = [:]
        for parameter in declared {
            guard let value = given[parameter.name] ?? parameter.defaultValue else {
                if parameter.required {
                    problems.append(Self.problem(parameter.name, "is required, a \(parameter.kind.rawValue)"))
                }
                continue
            }
            if let message = Self.objection(to: value, as: parameter.kind) {
                problems.append(Self.problem(parameter.name, message))
            }
            values[parameter.name] = value
        }
        if case .refused = extras {
            let names = Set(declared.map(\.name))
            let known = declared.isEmpty ? "has none" : "has \(declared.map(\.name).joined(separator: ", "))"
            for name in given.keys.sorted() where !names.contains(name) {
                problems.append(Self.problem(name, "is not a parameter of the Task, which \(known)"))
            }
        }
        guard problems.isEmpty else { throw ParameterError(problems: problems) }
        self.declared = declared
        self.values = values
    }

    private static func problem(_ name: String, _ message: String) -> ParameterProblem {
        ParameterProblem(field: "params.\(name)", message: message)
    }

    private static func objection(to value: String, as kind: Parameter.Kind) -> String? {
        if value.utf8.contains(0) { return "contains a NUL character, which no argument or variable can" }
        let isRight =
            switch kind {
            case .string: true
            case .integer: Int64(value) != nil && !value.hasPrefix("+")
            case .number: isNumber(value)
            case .boolean: value == "true" || value == "false"
            }
        guard !isRight else { return nil }
        let expected =
            switch kind {
            case .string: "a string"
            case .integer: "a whole number"
            case .number: "a number"
            case .boolean: "true or false"
            }
        return "expected \(expected), found `\(value.prefix(80))`"
    }

    /// As JSON has it; `Double.init` would take `nan`, `infinity` and hexadecimals too.
    private static func isNumber(_ value: String) -> Bool {
        guard let first = value.utf8.first, first == UInt8(ascii: "-") || (48...57).contains(first),
            value.utf8.allSatisfy({ (48...57).contains($0) || "+-.eE".utf8.contains($0) }),
            let number = Double(value)
        else { return false }
        return number.isFinite
    }

    // MARK: Commands

    /// The argument vector of a Script: a list with `${name}` filled in (empty for an optional parameter without a value)
    /// and `$$` for one `$`, or a line for `/bin/sh`, untouched.
    package func arguments(_ command: ScriptDefinition.Command) throws(ParameterError) -> [String] {
        switch command {
        case .shell(let line): return ["/bin/sh", "-c", line]
        case .arguments(let texts):
            var problems: [ParameterProblem] = []
            let arguments = texts.enumerated().map { index, text in
                substitute(text) { problems.append(ParameterProblem(field: "run[\(index)]", message: $0)) }
            }
            guard problems.isEmpty else { throw ParameterError(problems: problems) }
            return arguments
        }
    }

    private func substitute(_ text: String, problem: (String) -> Void) -> String {
        var result = ""
        var rest = Substring(text)
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            switch rest.first {
            case "$":
                result += "$"
                rest.removeFirst()
            case "{":
                guard let end = rest.firstIndex(of: "}") else {
                    problem("`${` without its `}` in `\(text)`; write `$$` for a literal `$`")
                    return result
                }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                if declared.contains(where: { $0.name == name }) {
                    result += values[name] ?? ""
                } else {
                    problem("`${\(name)}` names no parameter of the Task; write `$$` for a literal `$`")
                }
                rest = rest[rest.index(after: end)...]
            default:
                // A lone `$` means itself, as at the end of a regular expression.
                result += "$"
            }
        }
        return result + rest
    }
}
