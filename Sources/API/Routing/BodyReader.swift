package import Wire

/// Reads a request's JSON body into its wire type; every failure names the field and what was expected.
package enum BodyReader {
    /// An absent body is an empty object.
    package static func read<Body: RequestBody>(_ type: Body.Type, from request: HTTPRequest) throws(Problem) -> Body {
        if !request.body.isEmpty {
            let mediaType = request.headers["content-type"] ?? ""
            let essence = mediaType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
            guard essence == "application/json" else {
                throw Problems.unsupportedMediaType(
                    essence.isEmpty
                        ? "The body has no Content-Type; it must be application/json."
                        : "The body is \(essence.prefix(100)); it must be application/json.")
            }
        }
        let bytes = request.body.isEmpty ? Array("{}".utf8) : request.body
        let checked: Checked<Body>
        do {
            checked = try WireJSON.decode(Checked<Body>.self, from: bytes)
        } catch {
            throw problem(error)
        }
        switch checked {
        case .valid(let body): return body
        case .invalid(let errors): throw Problems.invalid(summary(of: errors), errors: errors)
        }
    }

    /// The body, or everything that is wrong with its fields. What is wrong with its JSON is thrown.
    private enum Checked<Body: RequestBody>: Decodable {
        case valid(Body)
        case invalid([Problem.FieldError])

        init(from decoder: any Decoder) throws {
            let names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
            var errors = names.filter { !Body.fields.contains($0) }.sorted().prefix(20).map {
                Problem.FieldError(field: String($0.prefix(100)), detail: BodyReader.unknown($0, among: Body.fields))
            }
            do {
                let body = try Body(from: decoder)
                if errors.isEmpty {
                    self = .valid(body)
                    return
                }
            } catch let error as DecodingError {
                guard let field = BodyReader.fieldError(error) else { throw error }
                errors.append(field)
            }
            self = .invalid(errors)
        }
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private static func unknown(_ name: String, among known: [String]) -> String {
        if let near = nearest(to: name, among: known) { return "is unknown; did you mean \(near)?" }
        return known.isEmpty
            ? "is unknown; no field is taken" : "is unknown; there are \(known.joined(separator: ", "))"
    }

    private static func summary(of errors: [Problem.FieldError]) -> String {
        guard let first = errors.first else { return "The body is not valid." }
        let others = errors.count - 1
        return "\(first.field) \(first.detail)" + (others > 0 ? " (and \(others) more)" : "")
    }

    private static func problem(_ error: any Error) -> Problem {
        guard let error = error as? DecodingError else { return Problems.malformed("The body is not valid JSON.") }
        if let field = fieldError(error) { return Problems.invalid("\(field.field) \(field.detail)", errors: [field]) }
        switch error {
        case .typeMismatch, .valueNotFound: return Problems.invalid("The body must be a JSON object.")
        default: return Problems.malformed("The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply.")
        }
    }

    /// Nil when the error is about no field, but the document as a whole.
    private static func fieldError(_ error: DecodingError) -> Problem.FieldError? {
        switch error {
        case .keyNotFound(let key, let context):
            return .init(field: path(context.codingPath + [key]), detail: "is missing")
        case .valueNotFound(let type, let context):
            guard !context.codingPath.isEmpty else { return nil }
            return .init(field: path(context.codingPath), detail: "must be \(expectation(of: type)), not null")
        case .typeMismatch(let type, let context):
            guard !context.codingPath.isEmpty else { return nil }
            return .init(field: path(context.codingPath), detail: "must be \(expectation(of: type))")
        case .dataCorrupted(let context):
            guard !context.codingPath.isEmpty else { return nil }
            // The wire types say what they expect.
            return .init(field: path(context.codingPath), detail: "must be \(context.debugDescription)")
        @unknown default: return nil
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        keys.map { $0.intValue.map(String.init) ?? String($0.stringValue.prefix(100)) }.joined(separator: ".")
    }

    private static func expectation(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Double.Type: "a number"
        case is ParameterValue.Type: "a string, a number or a boolean"
        case is any FixedWidthInteger.Type: "a whole number"
        case is [String: Any].Type: "an object"
        default: "another type"
        }
    }
}
