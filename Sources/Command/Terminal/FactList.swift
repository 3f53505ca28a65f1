/// Names with their values in two columns, under a heading.
package enum FactList {
    package static func render(_ facts: [(name: String, value: String)], style: Style) -> String {
        let width = facts.map { DisplayWidth.of($0.name) }.max() ?? 0
        return facts.map { fact in
            let space = String(repeating: " ", count: width - DisplayWidth.of(fact.name) + 2)
            return "  \(style(fact.name, .dim))\(space)\(Printable.line(fact.value))\n"
        }.joined()
    }
}

/// An argument vector as it could be typed into a shell.
enum CommandText {
    static func line(_ words: [String]) -> String {
        if words.count == 3, words[0] == "/bin/sh", words[1] == "-c" { return words[2] }
        return words.map(quote).joined(separator: " ")
    }

    static func quote(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                default: "-_./:=,+@%".utf8.contains($0)
                }
            }
        if isPlain { return word }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
