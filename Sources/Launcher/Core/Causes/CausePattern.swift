/// Makes one of lines that differ in names, numbers and times only: what differs becomes a placeholder.
package enum CausePattern {
    static let longest = 200

    /// Placeholders: `<n>` a number, `<hex>`, `<uuid>`, `<time>` a date or a time of day, `<id>` a word with many digits, `<q>`
    /// what was quoted, `<p>` a part of a path that is no fixed name. Numbers that say which error it is stay.
    package static func of(_ line: String) -> String {
        var scanner = PatternScanner(line)
        scanner.run()
        return String(scanner.result.prefix(longest))
    }
}

private struct PatternScanner {
    private let text: [Unicode.Scalar]
    private var place = 0
    private(set) var result = ""
    /// The word before, in lower case: numbers after some of them are codes.
    private var lastWord = ""

    init(_ line: String) { text = Array(line.unicodeScalars) }

    mutating func run() {
        while place < text.count {
            let scalar = text[place]
            if takeQuoted() || takeURL() || takePath() { continue }
            if Self.isWord(scalar) {
                takeWord()
            } else {
                if !(scalar == " " && (result.isEmpty || result.hasSuffix(" "))) {
                    result.unicodeScalars.append(scalar)
                }
                place += 1
            }
        }
        while result.hasSuffix(" ") { result.removeLast() }
    }

    // MARK: Quotes

    private mutating func takeQuoted() -> Bool {
        let closing: Unicode.Scalar
        switch text[place] {
        case "'", "\"": closing = text[place]
        case "`": closing = "'"
        case "‘": closing = "’"
        case "“": closing = "”"
        case "«": closing = "»"
        default: return false
        }
        // An apostrophe within a word quotes nothing.
        if place > 0, Self.isWord(text[place - 1]) { return false }
        let start = place + 1
        var end = start
        while end < text.count, end - start < 300 {
            let isEnd = text[end] == closing || (text[place] == "`" && text[end] == "`")
            // As is one in what is quoted.
            if isEnd, end + 1 == text.count || !Self.isWord(text[end + 1]) { break }
            end += 1
        }
        guard end < text.count, end - start < 300 else { return false }
        let content = text[start..<end]
        result.unicodeScalars.append(text[place])
        result += placeholder(ofQuoted: content)
        result.unicodeScalars.append(text[end])
        place = end + 1
        lastWord = ""
        return true
    }

    private func placeholder(ofQuoted content: ArraySlice<Unicode.Scalar>) -> String {
        if content.isEmpty { return "" }
        // Which module, which method: that is the cause itself.
        if ["named", "attribute", "argument", "command", "option", "function", "method"].contains(lastWord),
            content.allSatisfy({ Self.isWord($0) || $0 == "." || $0 == "-" })
        {
            return Self.string(content)
        }
        return content.first == "/" ? Self.path(content) : "<q>"
    }

    // MARK: URLs and paths

    private mutating func takeURL() -> Bool {
        guard Self.isLetter(text[place]), place == 0 || !Self.isWord(text[place - 1]) else { return false }
        var end = place
        while end < text.count, Self.isLetter(text[end]), end - place < 10 { end += 1 }
        guard end + 2 < text.count, text[end] == ":", text[end + 1] == "/", text[end + 2] == "/" else { return false }
        var host = end + 3
        while host < text.count, !Self.endsPath(text[host]) || text[host] == ":", text[host] != "/", text[host] != "?" {
            host += 1
        }
        var stop = host
        while stop < text.count, !Self.endsPath(text[stop]) || text[stop] == ":" { stop += 1 }
        stop = withoutFullStop(stop)
        host = min(host, stop)
        let query = text[host..<stop].firstIndex(of: "?") ?? stop
        // Who logs in, and where the port is one of many.
        let name = text[(end + 3)..<host]
        result += Self.string(text[place..<(end + 3)])
        result += Self.string(name.firstIndex(of: "@").map { name[($0 + 1)...] } ?? name)
        result += Self.path(text[host..<query]) + (query < stop ? "?<q>" : "")
        place = stop
        return true
    }

    private mutating func takePath() -> Bool {
        guard text[place] == "/" || text[place] == "~" || text[place] == ".", place + 1 < text.count else {
            return false
        }
        if place > 0, Self.isWord(text[place - 1]) || text[place - 1] == "<" || text[place - 1] == "." { return false }
        var start = place
        while start < text.count, text[start] == "." || text[start] == "~" { start += 1 }
        guard start + 1 < text.count, text[start] == "/", Self.isWord(text[start + 1]) || text[start + 1] == "." else {
            return false
        }
        var end = start
        while end < text.count, !Self.endsPath(text[end]) { end += 1 }
        end = withoutFullStop(end)
        result += Self.string(text[place..<start]) + Self.path(text[start..<end])
        place = end
        lastWord = ""
        return true
    }

    private func withoutFullStop(_ end: Int) -> Int {
        var end = end
        while end > place + 1, text[end - 1] == "." || text[end - 1] == ":" { end -= 1 }
        return end
    }

    /// Keeps the parts that are fixed names; of the others their extension, which says of what kind the file is.
    private static func path(_ path: ArraySlice<Unicode.Scalar>) -> String {
        var isTemporary = false
        var parts: [String] = []
        for part in path.split(separator: "/") {
            let name = string(part)
            let isFixed =
                !isTemporary && !part.contains(where: isDigit) && !name.hasPrefix("tmp") || fixed.contains(name)
            if isFixed {
                parts.append(name)
            } else {
                let dot = part.dropFirst().lastIndex(of: ".")
                let ending = dot.map { part[$0...] } ?? []
                let isExtension = (2...6).contains(ending.count) && ending.dropFirst().allSatisfy(isLetter)
                // Several in a row are one: how deep it lies is no matter.
                if parts.last == "<p>" { parts.removeLast() }
                parts.append("<p>" + (isExtension ? string(ending) : ""))
            }
            if name == "tmp" { isTemporary = true }
        }
        return parts.map { "/" + $0 }.joined()
    }

    private static let fixed: Set<String> = ["tmp", "python3", "lib64", "x86_64-linux-gnu"]

    // MARK: Words and numbers

    private mutating func takeWord() {
        if let end = uuid() ?? time() {
            result += end.placeholder
            place = end.place
            lastWord = ""
            return
        }
        let start = place
        while place < text.count, Self.isWord(text[place]) || isInnerPoint(place, from: start) { place += 1 }
        let word = text[start..<place]
        let digits = word.count(where: Self.isDigit)
        if digits == 0 {
            let name = Self.string(word)
            result += name
            lastWord = name.lowercased()
            return
        }
        defer { lastWord = "" }
        if word.allSatisfy({ Self.isDigit($0) || $0 == "." }) {
            let isCode = digits == word.count && digits <= 3 && Self.codes.contains(lastWord)
            result += isCode ? Self.string(word) : "<n>"
        } else if Self.isHex(word) {
            result += "<hex>"
        } else if digits >= 4 {
            result += "<id>"
        } else {
            var wasDigit = false
            for scalar in word {
                let isDigit = Self.isDigit(scalar) || (wasDigit && scalar == ".")
                if !isDigit { result.unicodeScalars.append(scalar) } else if !wasDigit { result += "<n>" }
                wasDigit = isDigit
            }
        }
    }

    /// What a number after these words says belongs to the cause.
    private static let codes: Set<String> = ["http", "status", "code", "errno", "error", "signal", "curl", "exit"]

    private func isInnerPoint(_ place: Int, from start: Int) -> Bool {
        guard text[place] == ".", place > start, place + 1 < text.count else { return false }
        return Self.isDigit(text[place - 1]) && Self.isDigit(text[place + 1])
    }

    private func uuid() -> (place: Int, placeholder: String)? {
        guard place + 36 <= text.count else { return nil }
        for (offset, scalar) in text[place..<(place + 36)].enumerated() {
            let isDash = [8, 13, 18, 23].contains(offset)
            guard isDash ? scalar == "-" : Self.isHexDigit(scalar) else { return nil }
        }
        return (place + 36, "<uuid>")
    }

    /// `2026-11-24T12:30:01.123Z`, `2026-11-24 12:30:01,123`, `2026/11/24`, `12:30:01`
    private func time() -> (place: Int, placeholder: String)? {
        func digits(_ count: Int, at place: Int) -> Bool {
            place + count <= text.count && text[place..<(place + count)].allSatisfy(Self.isDigit)
        }
        func sign(_ scalars: [Unicode.Scalar], at place: Int) -> Bool {
            place < text.count && scalars.contains(text[place])
        }
        var end = place
        var isDate = false
        if digits(4, at: end), sign(["-", "/"], at: end + 4), digits(2, at: end + 5), sign(["-", "/"], at: end + 7),
            digits(2, at: end + 8), !digits(1, at: end + 10)
        {
            isDate = true
            end += 10
            if sign(["T", " ", "_"], at: end), digits(2, at: end + 1), sign([":"], at: end + 3) { end += 1 }
        }
        if digits(2, at: end), sign([":"], at: end + 2), digits(2, at: end + 3) {
            end += 5
            if sign([":"], at: end), digits(2, at: end + 1) { end += 3 }
            if sign([".", ","], at: end), digits(1, at: end + 1) {
                end += 1
                while digits(1, at: end) { end += 1 }
            }
            if sign(["Z"], at: end) { end += 1 }
            if sign(["+", "-"], at: end), digits(2, at: end + 1) {
                end += 3
                if sign([":"], at: end), digits(2, at: end + 1) { end += 3 } else if digits(2, at: end) { end += 2 }
            }
        } else if !isDate {
            return nil
        }
        // A part of something longer is none.
        guard end == text.count || !Self.isWord(text[end]) else { return nil }
        return (end, "<time>")
    }

    // MARK: Characters

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
    }
    private static func isHexDigit(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || ("a"..."f").contains(scalar) || ("A"..."F").contains(scalar)
    }
    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        isDigit(scalar) || isLetter(scalar) || scalar == "_" || (scalar.value >= 0xC0 && scalar.properties.isAlphabetic)
    }
    private static func isHex(_ word: ArraySlice<Unicode.Scalar>) -> Bool {
        if word.count > 2, word.first == "0", word.dropFirst().first == "x" || word.dropFirst().first == "X" {
            return word.dropFirst(2).allSatisfy(isHexDigit)
        }
        return word.count >= 8 && word.allSatisfy(isHexDigit)
    }
    private static func endsPath(_ scalar: Unicode.Scalar) -> Bool {
        " '\"`,;:)(]}>|’”»".unicodeScalars.contains(scalar)
    }
    private static func string(_ scalars: some Collection<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
