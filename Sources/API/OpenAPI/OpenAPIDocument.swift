package import Wire

/// A value of several things: `GET` of it is a list.
protocol ListType {}
extension Array: ListType {}
extension PageView: ListType {}

/// The API's own description (OpenAPI 3.1), made of the routes and of the types that they read and write, so that there is
/// nothing to keep in step with them.
package struct OpenAPIDocument: Sendable {
    package let root: JSONTree

    package init(routes: [Route], webhooks: [Webhook] = []) throws(SchemaFailure) {
        let catalog = SchemaCatalog(descriptions: FieldDescriptions.table)
        do {
            root = try Self.document(routes, webhooks, catalog)
        } catch let failure as SchemaFailure {
            throw failure
        } catch {
            throw SchemaFailure("\(error)")
        }
    }

    /// Of this API. It is the same for as long as the program is.
    package static let current = Result { () throws(SchemaFailure) in
        try OpenAPIDocument(routes: RouteTable.routes, webhooks: RouteTable.webhooks)
    }

    /// Its text, made once.
    package static let text = Result { try WireJSON.encode(try current.get().root) }

    private static func document(
        _ routes: [Route], _ webhooks: [Webhook], _ catalog: SchemaCatalog
    ) throws -> JSONTree {
        var paths: [String: JSONTree] = [:]
        var statuses: Set<Int> = []
        var tags: Set<String> = []
        for route in routes {
            let operation = try OperationDescription(route, catalog)
            var item = paths[route.path.description] ?? [:]
            item[route.method.rawValue.lowercased()] = operation.tree
            paths[route.path.description] = item
            statuses.formUnion(operation.problems)
            tags.insert(operation.tag)
        }
        let hooks = try webhooks.map { ($0.name, try describe($0, catalog)) }
        let problem = try catalog.schema(of: Problem.self, .output)
        let responses = statuses.map { ("Problem\($0)", Self.problem($0, problem)) }
        var document: JSONTree = [
            "openapi": "3.1.0",
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "info": info,
            "servers": [["url": "/", "description": "This Launcher"]],
            "security": [[:], ["bearer": []]],
            "tags": .array(
                tags.sorted().map { name in
                    var tag: JSONTree = ["name": .string(name)]
                    tag["description"] = Self.tags[name].map(JSONTree.string)
                    return tag
                }),
            "paths": .object(paths),
        ]
        if !hooks.isEmpty { document["webhooks"] = .object(Dictionary(uniqueKeysWithValues: hooks)) }
        document["components"] = [
            "schemas": .object(catalog.components),
            "responses": .object(Dictionary(uniqueKeysWithValues: responses)),
            "securitySchemes": ["bearer": bearer],
        ]
        return document
    }

    private static func describe(_ webhook: Webhook, _ catalog: SchemaCatalog) throws -> JSONTree {
        [
            "post": [
                "summary": .string(webhook.summary),
                "operationId": .string("on" + webhook.name.prefix(1).uppercased() + webhook.name.dropFirst()),
                "parameters": .array(webhook.headers.map(OperationDescription.parameter)),
                "requestBody": [
                    "required": true,
                    "content": ["application/json": ["schema": try catalog.schema(of: webhook.body, .output)]],
                ],
                "responses": ["2XX": ["description": "Taken; it is not sent again"]],
            ]
        ]
    }

    private static func problem(_ status: Int, _ schema: JSONTree) -> JSONTree {
        [
            "description": .string(StatusText.text(of: status)),
            "content": [Problem.contentType: ["schema": schema]],
        ]
    }
}
