import API
import Testing
import Wire

@Suite struct OpenAPIDocumentTests {
    private let document: JSONTree

    init() throws { document = try OpenAPIDocument.current.get().root }

    private static let methods = ["get", "put", "post", "delete", "patch"]

    private var operations: [(name: String, tree: JSONTree)] {
        (document["paths"]?.members ?? [:]).flatMap { path, item in
            item.members.filter { Self.methods.contains($0.key) }.map { ("\($0.key.uppercased()) \(path)", $0.value) }
        }
    }

    @Test func namesEveryRouteAndNoOther() {
        #expect(
            operations.map(\.name).sorted()
                == RouteTable.routes.map { "\($0.method.rawValue) \($0.path)" }.sorted())
    }

    @Test func everyReferenceLeadsSomewhere() {
        let validator = SchemaValidator(document: document)
        for reference in Self.references(in: document) {
            #expect(validator.resolve(reference) != nil, "\(reference)")
        }
    }

    @Test func everyComponentIsReferredTo() {
        let references = Set(Self.references(in: document))
        let names = (document["components"]?["schemas"]?.members ?? [:]).keys
        #expect(names.filter { !references.contains("#/components/schemas/\($0)") } == [])
    }

    private static func references(in tree: JSONTree) -> [String] {
        switch tree {
        case .object(let members):
            members.flatMap { key, value in key == "$ref" ? [value.text ?? ""] : references(in: value) }
        case .array(let elements): elements.flatMap(references)
        default: []
        }
    }

    @Test func everyOperationHasANameOfItsOwn() {
        let names = operations.compactMap { $0.tree["operationId"]?.text }
        #expect(names.count == operations.count)
        #expect(Set(names).count == names.count, "\(names.sorted()): give a route another with `named`")
        for name in names { #expect(name.wholeMatch(of: /[a-z][A-Za-z0-9]+/) != nil, "\(name)") }
    }

    @Test(arguments: [
        ("GET /api/v1/processings", "listProcessings"),
        ("GET /api/v1/processings/{id}", "getProcessing"),
        ("GET /api/v1/processings/{id}/why", "getProcessingWhy"),
        ("POST /api/v1/processings/{id}/rerun", "rerunProcessing"),
        ("GET /api/v1/processings/{id}/scripts/{script}/attempts/{number}/changes", "getAttemptChanges"),
        ("GET /api/v1/tasks", "listTasks"),
        ("POST /api/v1/tasks/{name}/pause", "pauseTask"),
        ("POST /api/v1/host/reload", "reloadHost"),
        ("DELETE /api/v1/sessions/{id}", "endSession"),
        ("GET /api/v1/openapi.json", "getDescription"),
    ])
    func namesOperationsReadably(route: String, name: String) {
        #expect(operations.first { $0.name == route }?.tree["operationId"]?.text == name)
    }

    @Test func everyOperationSaysWhoMayUseItAndHowItFails() {
        for (name, tree) in operations {
            let access = tree["x-access"]
            #expect(
                access?["anyone"] == true || access?["partner"] == true
                    || (access?["role"] != nil && access?["script"] != nil), "\(name)")
            let statuses = tree["responses"]?.members ?? [:]
            #expect(statuses["500"]?["$ref"] == "#/components/responses/Problem500", "\(name)")
            #expect(statuses["default"] == nil, "\(name): each status is named")
            #expect(tree["tags"]?.elements.count == 1, "\(name)")
        }
    }

    @Test func everyTagIsExplained() {
        for tag in document["tags"]?.elements ?? [] { #expect(tag["description"] != nil, "\(tag)") }
    }

    @Test func tellsParametersHeadersAndStatuses() throws {
        let list = try #require(operations.first { $0.name == "GET /api/v1/processings" }?.tree)
        let status = try #require(list["parameters"]?.elements.first { $0["name"] == "status" })
        #expect(status["in"] == "query")
        let states = status["schema"]?["items"]?["enum"]?.elements.compactMap(\.text) ?? []
        #expect(
            Set(["waiting", "running", "success", "failed", "cancelled", "lost"]).isSubset(of: states), "\(states)")
        let send = try #require(operations.first { $0.name == "POST /api/v1/events" }?.tree)
        #expect(send["requestBody"]?["required"] == true)
        #expect(send["responses"]?["200"]?["content"] == send["responses"]?["201"]?["content"])
        #expect(send["responses"]?["201"]?["headers"]?["Location"] != nil)
        #expect(
            Set(["400", "403", "415", "422", "503"]).isSubset(
                of: Set(send["responses"]?.members.keys.map(\.self) ?? [])))
        let pause = try #require(operations.first { $0.name == "POST /api/v1/tasks/{name}/pause" }?.tree)
        #expect(pause["requestBody"]?["required"] == false)
        let stream = try #require(operations.first { $0.name == "GET /api/v1/sessions/{id}/stream" }?.tree)
        #expect(stream["responses"]?["101"]?["content"] == nil && stream["responses"]?["426"] != nil)
    }

    @Test func describesNullAsAbsentInRequestsAlone() {
        let schemas = document["components"]?["schemas"]
        #expect(schemas?["PauseTask"]?["properties"]?["reason"]?["type"] == ["string", "null"])
        #expect(schemas?["PauseTask"]?["additionalProperties"] == false)
        #expect(schemas?["Processing"]?["properties"]?["reason"]?["type"] == "string")
        #expect(schemas?["ProcessingPage"]?["required"] == ["items"])
    }
}
