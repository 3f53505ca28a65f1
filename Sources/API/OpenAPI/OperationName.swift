/// What an operation is called, made of its method and path: `GET /processings/{id}/why` is getProcessingWhy,
/// `POST /processings/{id}/rerun` rerunProcessing, `GET /events` listEvents.
enum OperationName {
    static func make(_ route: Route, root: String) -> String {
        if let name = route.details.name { return name }
        var segments = route.path.segments
        let prefix = PathTemplate(root).segments
        if segments.starts(with: prefix) { segments.removeFirst(prefix.count) }
        var nouns: [(text: String, isNamed: Bool)] = []
        for segment in segments {
            switch segment {
            case .literal(let text): nouns.append((text, false))
            case .parameter:
                if !nouns.isEmpty { nouns[nouns.count - 1].isNamed = true }
            }
        }
        guard let last = nouns.last else { return camel([route.method.rawValue.lowercased(), "api"]) }
        // The nearest thing that is named says what the last word is about.
        let owner = nouns.dropLast().last { $0.isNamed } ?? nouns.dropLast().last
        let about = owner.map { $0.isNamed ? singular($0.text) : $0.text }
        let words: [String?]
        switch route.method.rawValue {
        case "GET":
            words =
                last.isNamed
                ? ["get", about, singular(last.text)] : [isList(route) ? "list" : "get", about, last.text]
        case "POST" where !last.isNamed && !(route.success == 201 && last.text.hasSuffix("s")):
            words = [last.text, about]
        case "POST": words = ["create", about, singular(last.text)]
        case let method:
            let verb = ["PUT": "replace", "PATCH": "update"][method] ?? method.lowercased()
            words = [verb, about, last.isNamed ? singular(last.text) : last.text]
        }
        return camel(words.compactMap(\.self))
    }

    private static func isList(_ route: Route) -> Bool {
        guard case .json(let type) = route.response else { return false }
        return type is any ListType.Type
    }

    private static func singular(_ word: String) -> String {
        if word.hasSuffix("ies") { return word.dropLast(3) + "y" }
        return word.hasSuffix("s") && !word.hasSuffix("ss") && !word.hasSuffix("fs") ? String(word.dropLast()) : word
    }

    private static func camel(_ words: [String]) -> String {
        let parts = words.flatMap { $0.split { !$0.isLetter && !$0.isNumber } }
        return parts.enumerated().map { index, part in
            index == 0 ? String(part) : part.prefix(1).uppercased() + part.dropFirst()
        }.joined()
    }
}
