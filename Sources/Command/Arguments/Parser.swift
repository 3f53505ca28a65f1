/// Fills a verb's declared properties from the words of a command line.
struct Parser {
    /// What `parse` fills.
    let verb: any Verb
    private let options: [any DeclaredProperty]
    private let positionals: [any DeclaredProperty]

    init(_ type: any Verb.Type) {
        let list = DeclarationList()
        verb = DeclarationList.$current.withValue(list) { type.init() }
        options = list.properties.filter { [.flag, .option].contains($0.declaration.kind) }
        positionals = list.properties.filter { [.positional, .remainder].contains($0.declaration.kind) }
    }

    var declarations: [Declaration] { (positionals + options).map(\.declaration) }

    /// - Returns: false when `--help` or `-h` was among the words; the rest of them is not looked at then.
    func parse(_ words: [String]) throws(UsageError) -> Bool {
        var rest = words[...]
        var slots = positionals[...]
        var filled = 0
        while let word = rest.first {
            if slots.first?.declaration.kind == .remainder, !word.hasPrefix("-") {
                for value in rest { try place(value, in: &slots, &filled) }
                break
            }
            rest = rest.dropFirst()
            if word == "--" {
                for value in rest { try place(value, in: &slots, &filled) }
                break
            } else if word == "--help" || word == "-h" {
                return false
            } else if word.hasPrefix("--") {
                try parseLong(word, &rest)
            } else if word.hasPrefix("-"), word.count > 1, !Self.isNegativeNumber(word) {
                if try !parseShort(word, &rest) { return false }
            } else {
                try place(word, in: &slots, &filled)
            }
        }
        if let missing = slots.first?.declaration, missing.isRequired, !(missing.isRepeated && filled > 0) {
            throw UsageError("\(missing.name) is missing: \(missing.help)")
        }
        return true
    }

    /// - Parameter filled: how many values the first slot has got, which stays first while it takes more.
    private func place(
        _ value: String, in slots: inout ArraySlice<any DeclaredProperty>, _ filled: inout Int
    ) throws(UsageError) {
        guard let slot = slots.first else { throw UsageError("unexpected argument ‘\(Printable.line(value))’") }
        try slot.accept(value)
        if slot.declaration.isRepeated { filled += 1 } else { slots = slots.dropFirst() }
    }

    private func parseLong(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) {
        let body = word.dropFirst(2)
        let name = String(body.prefix { $0 != "=" })
        let attached = name.count == body.count ? nil : String(body.dropFirst(name.count + 1))
        guard let property = options.first(where: { $0.declaration.name == name }) else {
            let known = options.map(\.declaration.name) + ["help"]
            throw UsageError(
                "unknown option --\(Printable.line(name))\(suggestion(for: name, among: known, prefix: "--"))")
        }
        switch (property.declaration.kind, attached) {
        case (.flag, nil): try property.accept("")
        case (.flag, .some): throw UsageError("--\(name) takes no value")
        case (_, let value?): try property.accept(value)
        case (_, nil): try property.accept(try Self.next(&rest, for: property.declaration))
        }
    }

    /// No option is a digit.
    private static func isNegativeNumber(_ word: String) -> Bool {
        word.dropFirst().utf8.first.map { (0x30...0x39).contains($0) } ?? false
    }

    /// Flags may stand together (`-fw`); an option ends the word with its value (`-ojson`) or takes the next word.
    /// - Returns: false at `h`.
    private func parseShort(_ word: String, _ rest: inout ArraySlice<String>) throws(UsageError) -> Bool {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            if letter == "h" { return false }
            guard let property = options.first(where: { $0.declaration.short == letter }) else {
                throw UsageError("unknown option -\(Printable.line(String(letter)))")
            }
            if property.declaration.kind == .flag {
                try property.accept("")
            } else {
                if letters.first == "=" { letters.removeFirst() }
                try property.accept(letters.isEmpty ? try Self.next(&rest, for: property.declaration) : String(letters))
                return true
            }
        }
        return true
    }

    private static func next(
        _ rest: inout ArraySlice<String>, for declaration: Declaration
    ) throws(UsageError) -> String {
        guard let value = rest.popFirst(), value != "--" else {
            throw UsageError("--\(declaration.name) needs a value (\(declaration.placeholder))")
        }
        return value
    }
}
