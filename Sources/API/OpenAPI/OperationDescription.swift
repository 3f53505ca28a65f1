import Configuration
import Wire

/// One route as the description shows it.
struct OperationDescription {
    var tree: JSONTree
    /// The statuses of problems that it may answer with.
    var problems: Set<Int>
    var tag: String

    init(_ route: Route, _ catalog: SchemaCatalog) throws {
        let captures = route.path.segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
        problems = Self.problems(of: route, captures)
        tag = Self.tag(of: route)
        let access = Self.access(of: route)
        tree = [
            "operationId": .string(OperationName.make(route, root: WirePath.root)),
            "tags": [.string(tag)],
            "summary": .string(route.summary),
            "description": .string(access.text),
            "x-access": access.tree,
        ]
        let parameters =
            captures.map(Self.pathParameter) + route.query.map(Self.parameter)
            + (route.details.requestHeaders).map(Self.parameter) + (route.isReplayable ? [Self.idempotencyKey] : [])
        if !parameters.isEmpty { tree["parameters"] = .array(parameters) }
        if let body = route.body { tree["requestBody"] = try Self.requestBody(body, catalog) }
        if let summary = route.details.anyJSON {
            tree["requestBody"] = [
                "required": true, "description": .string(summary), "content": ["application/json": ["schema": [:]]],
            ]
        }
        if route.access == .anyone { tree["security"] = [] }
        var responses: [String: JSONTree] = [:]
        responses[String(route.success)] = try Self.success(route, catalog)
        for other in route.details.successes {
            responses[String(other.status)] = try Self.success(route, other, catalog)
        }
        for status in problems { responses[String(status)] = ["$ref": "#/components/responses/Problem\(status)"] }
        tree["responses"] = .object(responses)
        if !route.details.messages.isEmpty {
            tree["x-messages"] = .object(
                try route.details.messages.mapValues {
                    try catalog.schema(of: $0, $0 is any RequestBody.Type ? .input : .output)
                })
        }
    }

    // MARK: Statuses

    private static func problems(of route: Route, _ captures: [String]) -> Set<Int> {
        // Whatever the route: a target or a query that cannot be read, a store that cannot, a Launcher that stops.
        var statuses: Set<Int> = [400, 413, 429, 431, 500, 503]
        if route.access != .anyone { statuses.formUnion([401, 403]) }
        if !captures.isEmpty { statuses.formUnion([404, 409]) }
        if route.body != nil { statuses.formUnion([415, 422]) }
        // A Script's own state, or its Task's, may have changed; what an action is about may be gone.
        if route.method.rawValue != "GET" || route.target != .none { statuses.formUnion([404, 409]) }
        if case .script = route.access { statuses.formUnion([404, 409]) }
        if case .webSocket = route.response { statuses.insert(426) }
        // The key is another request's, or that request is under way.
        if route.isReplayable { statuses.formUnion([409, 422]) }
        return statuses.union(route.details.problems)
    }

    private static func success(_ route: Route, _ catalog: SchemaCatalog) throws -> JSONTree {
        let summary =
            switch route.success {
            case 101: "The connection speaks that protocol from here on"
            case 201: "It was made"
            case 202: "It was taken, and happens after this answer"
            default: "Success"
            }
        return try success(
            route, Route.Success(status: route.success, summary: summary, hasContent: route.success != 101), catalog)
    }

    private static func success(
        _ route: Route, _ success: Route.Success, _ catalog: SchemaCatalog
    ) throws -> JSONTree {
        var response: JSONTree = ["description": .string(success.summary)]
        if success.hasContent { response["content"] = try content(route, catalog) }
        var sent = route.details.responseHeaders
        if route.isReplayable {
            sent.append(.init(IdempotencyKey.replayed, .oneOf(["true"]), "This is the answer that was given before"))
        }
        if route.query.contains(where: { $0.name == "cursor" }) {
            sent.append(.init("Link", .text, "Of the next page, where there is one (RFC 8288)"))
        }
        let headers = sent.map { header in
            (
                header.name,
                [
                    "description": .string(header.summary), "required": .bool(header.isRequired),
                    "schema": schema(of: header.form),
                ] as JSONTree
            )
        }
        if !headers.isEmpty { response["headers"] = .object(Dictionary(uniqueKeysWithValues: headers)) }
        return response
    }

    private static func content(_ route: Route, _ catalog: SchemaCatalog) throws -> JSONTree? {
        switch route.response {
        case .json(let type):
            ["application/json": ["schema": try schema(of: type, catalog, isSelective: route.takesFields)]]
        // Bytes that are no JSON have no schema; a text is one. A stream of events is described by its messages.
        case .media(let type):
            .object(
                [type: type.hasPrefix("text/") && route.details.messages.isEmpty ? ["schema": ["type": "string"]] : [:]]
            )
        case .webSocket: nil
        }
    }

    /// - Parameter isSelective: with `fields` the items of a list have what that names alone.
    private static func schema(
        of type: any Decodable.Type, _ catalog: SchemaCatalog, isSelective: Bool
    ) throws -> JSONTree {
        let schema = try catalog.schema(of: type, .output)
        guard isSelective else { return schema }
        guard let selective = catalog.selective(schema) else {
            throw SchemaFailure("\(type) is no list: its items have no fields to choose from")
        }
        return selective
    }

    private static func requestBody(_ body: any RequestBody.Type, _ catalog: SchemaCatalog) throws -> JSONTree {
        let schema = try catalog.schema(of: body, .input)
        // An absent body is an empty object.
        let isRequired = catalog.component(schema)?["required"] != nil
        return ["required": .bool(isRequired), "content": ["application/json": ["schema": schema]]]
    }

    // MARK: Parameters

    private static func pathParameter(_ name: String) -> JSONTree {
        let known = pathParameters[name]
        return [
            "name": .string(name), "in": "path", "required": true,
            "description": .string(known?.summary ?? "Which one"),
            "schema": known?.schema ?? ["type": "string", "minLength": 1],
        ]
    }

    private static let pathParameters: [String: (summary: String, schema: JSONTree)] = [
        "id": ("Its number", ["type": "integer", "format": "int64", "minimum": 1]),
        "number": ("Which attempt of the Script, from 1", ["type": "integer", "minimum": 1]),
        "name": ("Its name", ["type": "string", "minLength": 1]),
        "key": ("The label's key", (["type": "string"] as JSONTree).merging(.key)),
        "token": ("The token's name or id", ["type": "string", "minLength": 1]),
        "fingerprint": ("The cause's fingerprint", ["type": "string", "minLength": 1]),
        "script": ("The Script's name", ["type": "string", "minLength": 1]),
    ]

    private static func parameter(_ query: Route.QueryParameter) -> JSONTree {
        let one = schema(of: query.form)
        return [
            "name": .string(query.name), "in": "query", "required": false, "description": .string(query.summary),
            "schema": query.repeats ? ["type": "array", "items": one] : one,
        ]
    }

    static func parameter(_ header: Route.Header) -> JSONTree {
        [
            "name": .string(header.name), "in": "header", "required": .bool(header.isRequired),
            "description": .string(header.summary), "schema": schema(of: header.form),
        ]
    }

    /// What `IdempotencyKey.parse` takes.
    private static let idempotencyKey: JSONTree = [
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": """
        A text that is this request's own: sent again within a day, also after a restart, the request is not carried out \
        again, and gets the same answer.
        """,
        "schema": [
            "type": "string", "maxLength": 255,
            "pattern": #"^("([ !#-\[\]-~]|\\["\\])+"|[!#-+\--:<-\[\]-~]+)$"#, "examples": ["\"8e03978e-40d5\""],
        ],
    ]

    private static func schema(of form: Route.QueryParameter.Form) -> JSONTree {
        switch form {
        case .text: ["type": "string"]
        case .integer(let range):
            (["type": "integer", "format": "int64"] as JSONTree).merging(.range(range))
        case .number(let range):
            ["type": "number", "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)]
        case .oneOf(let values): (["type": "string"] as JSONTree).merging(.oneOf(values))
        case .time: ["type": "string", "format": "date-time"]
        case .flag: ["type": "boolean"]
        }
    }

    // MARK: Who may

    /// For programs as `x-access`, and for people.
    private static func access(of route: Route) -> (tree: JSONTree, text: String) {
        var tree: JSONTree
        let text: String
        switch route.access {
        case .anyone:
            tree = ["anyone": true]
            text = "Anyone, also without a token."
        case .partner:
            tree = ["partner": true]
            text = "The partner whom the webhook is for, by its own token or signature."
        case .script(let control):
            tree = ["role": .null, "script": .string(control.rawValue)]
            text = "Scripts alone, with `control: \(control.rawValue)` or more."
        case .role(let role, script: nil):
            tree = ["role": "\(role)", "script": .null]
            text = "People with the role \(role) or more; no Script."
        case .role(let role, script: let control?):
            tree = ["role": "\(role)", "script": .string(control.rawValue)]
            let own = control == .task ? " (`task`: what belongs to their own Task)" : ""
            text =
                "People with the role \(role) or more, and Scripts with `control: \(control.rawValue)` or more\(own)."
        }
        // A token that is for some Tasks may use what belongs to a Task, or is narrowed to them.
        if case .role(_, let script) = route.access, route.narrows || script == .task || route.target != .none {
            tree["scoped"] = true
        }
        switch route.target {
        case .none: break
        case .task: tree["target"] = "task"
        case .processing: tree["target"] = "processing"
        }
        return (tree, text)
    }

    private static func tag(of route: Route) -> String {
        var segments = route.path.segments
        let prefix = PathTemplate(WirePath.root).segments
        guard segments.starts(with: prefix) else { return "Monitoring" }
        segments.removeFirst(prefix.count)
        guard case .literal(let first)? = segments.first, !first.contains(".") else { return "API" }
        return first.prefix(1).uppercased() + first.dropFirst()
    }
}

extension Route {
    fileprivate var takesFields: Bool { query.contains { $0.name == "fields" } }
}
