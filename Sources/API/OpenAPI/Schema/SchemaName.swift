/// What a type is called: in Swift without its module, and in the description, where `OutcomeView.Limit` is `OutcomeLimit`
/// and `PageView<ProcessingView>` is `ProcessingPage`.
struct SchemaName: Hashable {
    var swift: String
    var component: String

    init(_ type: Any.Type) {
        let reflected = String(reflecting: type)
        swift = Self.withoutModules(reflected)
        component = Self.component(swift)
    }

    /// `Wire.PageView<Wire.EventView>` is `PageView<EventView>`.
    private static func withoutModules(_ text: String) -> String {
        var result = ""
        var word = ""
        var isFirst = true
        for character in text {
            switch character {
            case "." where isFirst:
                // The module.
                word = ""
                isFirst = false
            case "<", ">", ",", " ":
                result += word
                word = ""
                result.append(character)
                isFirst = true
            default: word.append(character)
            }
        }
        return result + word
    }

    private static func component(_ text: String) -> String {
        let parts = text.split(whereSeparator: { "<>, ".contains($0) }).map { part in
            part.split(separator: ".").map(withoutView).joined()
        }
        guard let first = parts.first else { return text }
        // What it is made of, then what it is.
        return parts.dropFirst().joined() + first
    }

    private static func withoutView(_ word: Substring) -> String {
        word.hasSuffix("View") && word.count > 4 ? String(word.dropLast(4)) : String(word)
    }
}
