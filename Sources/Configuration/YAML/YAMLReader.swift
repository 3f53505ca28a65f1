import CYAML

/// Reads one YAML document into nodes. The bytes may be anything; what is not the plain YAML that configuration needs
/// (anchors, tags, several documents) is refused with its place.
package struct YAMLReader {
    package static let largestFile = 1 << 20
    private static let deepest = 32

    private let file: String
    private let bytes: [UInt8]
    /// libyaml keeps this address in the parser itself, so that it must stay the same from the first call to the last.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private var event = yaml_event_t()

    /// - Parameter file: the name that diagnostics get.
    /// - Returns: the document's root; nil for a file with nothing in it.
    package static func read(_ bytes: [UInt8], file: String) throws(ConfigurationProblems) -> YAMLNode? {
        guard bytes.count <= largestFile else {
            throw ConfigurationProblems([Diagnostic(file: file, message: "the file is larger than 1M")])
        }
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        var reader = YAMLReader(file: file, bytes: bytes, parser: parser)
        return try reader.document()
    }

    private init(file: String, bytes: [UInt8], parser: UnsafeMutablePointer<yaml_parser_t>) {
        self.file = file
        self.bytes = bytes
        self.parser = parser
    }

    private mutating func document() throws(ConfigurationProblems) -> YAMLNode? {
        guard yaml_parser_initialize(parser) == 1 else { throw problem(0, 0, "libyaml could not be started") }
        defer { yaml_parser_delete(parser) }
        let result: Result<YAMLNode?, ConfigurationProblems> = bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(parser, buffer.baseAddress, buffer.count)
            return Result { () throws(ConfigurationProblems) in try stream() }
        }
        return try result.get()
    }

    private mutating func stream() throws(ConfigurationProblems) -> YAMLNode? {
        var root: YAMLNode?
        var documents = 0
        while true {
            try next()
            defer { yaml_event_delete(&event) }
            switch event.type {
            case YAML_STREAM_END_EVENT: return root
            case YAML_DOCUMENT_START_EVENT:
                documents += 1
                guard documents == 1 else { throw here("a second document; a file holds one") }
            case YAML_STREAM_START_EVENT, YAML_DOCUMENT_END_EVENT: break
            default: root = try node(depth: 0)
            }
        }
    }

    /// Moves to the next event, which the caller deletes.
    private mutating func next() throws(ConfigurationProblems) {
        guard yaml_parser_parse(parser, &event) == 1 else {
            let parser = parser.pointee
            let message = parser.problem.map { String(cString: $0) } ?? "not YAML"
            let context = parser.context.map { " \(String(cString: $0))" } ?? ""
            let mark = parser.problem_mark
            if parser.error == YAML_READER_ERROR {
                let (line, column) = place(ofByte: parser.problem_offset)
                throw problem(line, column, "not a text file in UTF-8: \(message)")
            }
            throw problem(Int(mark.line) + 1, Int(mark.column) + 1, "\(message)\(context)\(Self.hint(message))")
        }
    }

    /// libyaml counts no lines in what it cannot decode. Zeros for UTF-16, whose bytes are no characters.
    private func place(ofByte offset: Int) -> (line: Int, column: Int) {
        guard !bytes.starts(with: [0xff, 0xfe]), !bytes.starts(with: [0xfe, 0xff]) else { return (0, 0) }
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        let start = bytes.starts(with: mark) ? mark.count : 0
        let before = String(decoding: bytes[start..<max(start, min(offset, bytes.count))], as: UTF8.self)
        var (line, column) = (1, 1)
        var previous: Unicode.Scalar?
        for scalar in before.unicodeScalars {
            if Diagnostic.isLineBreak(scalar) {
                if scalar != "\n" || previous != "\r" { line += 1 }
                column = 1
            } else {
                column += 1
            }
            previous = scalar
        }
        return (line, column)
    }

    private static func hint(_ message: String) -> String {
        if message.contains("alphabetic or numeric character") {
            return "; put a text that begins with * or & into quotes"
        }
        if message.contains("cannot start any token") {
            return "; indent with spaces, and quote texts with special characters"
        }
        return ""
    }

    /// The node that begins with the present event; its last event is left to be deleted.
    private mutating func node(depth: Int) throws(ConfigurationProblems) -> YAMLNode {
        guard depth < Self.deepest else { throw here("nested deeper than \(Self.deepest) levels") }
        let line = Int(event.start_mark.line) + 1
        let column = Int(event.start_mark.column) + 1
        func node(_ content: YAMLNode.Content) -> YAMLNode { YAMLNode(content: content, line: line, column: column) }
        switch event.type {
        case YAML_ALIAS_EVENT: throw here("an alias; write the value out, or put a text that begins with * into quotes")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            try refuse(anchor: scalar.anchor, tag: scalar.tag)
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            guard !text.utf8.contains(0) else { throw here("a NUL character") }
            return node(.scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE))
        case YAML_SEQUENCE_START_EVENT:
            try refuse(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag)
            var items: [YAMLNode] = []
            while try advance(to: YAML_SEQUENCE_END_EVENT) { items.append(try self.node(depth: depth + 1)) }
            return node(.sequence(items))
        case YAML_MAPPING_START_EVENT:
            try refuse(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag)
            var entries: [YAMLNode.Entry] = []
            while try advance(to: YAML_MAPPING_END_EVENT) {
                let key = try self.node(depth: depth + 1)
                guard key.text != nil else { throw problem(key.line, key.column, "a key is a text, not \(key.kind)") }
                _ = try advance(to: YAML_NO_EVENT)
                entries.append(YAMLNode.Entry(key: key, value: try self.node(depth: depth + 1)))
            }
            return node(.mapping(entries))
        default: throw here("unexpected content")
        }
    }

    /// Replaces the event by the next one; false when that is of this type.
    private mutating func advance(to end: yaml_event_type_t) throws(ConfigurationProblems) -> Bool {
        yaml_event_delete(&event)
        event = yaml_event_t()
        try next()
        return event.type != end
    }

    private func refuse(
        anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?
    ) throws(ConfigurationProblems) {
        if anchor != nil { throw here("an anchor; put a text that begins with & into quotes") }
        if tag != nil { throw here("a tag; put a text that begins with ! into quotes") }
    }

    private func here(_ message: String) -> ConfigurationProblems {
        problem(Int(event.start_mark.line) + 1, Int(event.start_mark.column) + 1, message)
    }

    private func problem(_ line: Int, _ column: Int, _ message: String) -> ConfigurationProblems {
        ConfigurationProblems([Diagnostic(file: file, line: line, column: column, message: message)])
    }
}
