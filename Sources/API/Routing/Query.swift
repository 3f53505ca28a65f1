package import Wire

/// The query of a request, checked against what its route takes.
package struct Query: Sendable, Hashable {
    private let values: [String: [String]]

    /// Fails with every unknown name, and every name that repeats and may not.
    package init(_ items: [HTTPRequest.QueryItem], parameters: [Route.QueryParameter]) throws(Problem) {
        var values: [String: [String]] = [:]
        var errors: [Problem.FieldError] = []
        for item in items {
            guard let parameter = parameters.first(where: { $0.name == item.name }) else {
                errors.append(.init(field: item.name, detail: Self.unknown(item.name, among: parameters.map(\.name))))
                continue
            }
            if !parameter.repeats, values[item.name] != nil {
                errors.append(.init(field: item.name, detail: "is given more than once"))
            }
            values[item.name, default: []].append(item.value)
        }
        guard errors.isEmpty else { throw Problems.malformed("The query is not valid.", errors: errors) }
        self.values = values
    }

    package func all(_ name: String) -> [String] { values[name] ?? [] }

    package func first(_ name: String) -> String? { values[name]?.first }

    /// The parameter as a whole number; `fallback` when it is absent.
    package func integer(_ name: String, in range: ClosedRange<Int64>, default fallback: Int64) throws(Problem) -> Int64
    {
        guard let text = first(name) else { return fallback }
        guard let number = Int64(text), range.contains(number) else {
            throw Self.wrong(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Nil when it is absent.
    package func flag(_ name: String) throws(Problem) -> Bool? {
        switch first(name) {
        case nil: return nil
        case "true", "1": return true
        case "false", "0": return false
        default: throw Self.wrong(name, "must be true or false")
        }
    }

    static func wrong(_ name: String, _ detail: String) -> Problem {
        Problems.malformed("The query is not valid.", errors: [.init(field: name, detail: detail)])
    }

    private static func unknown(_ name: String, among known: [String]) -> String {
        if let near = nearest(to: name, among: known) { return "is unknown; did you mean \(near)?" }
        return known.isEmpty ? "is unknown; there is none" : "is unknown; there are \(known.joined(separator: ", "))"
    }
}
