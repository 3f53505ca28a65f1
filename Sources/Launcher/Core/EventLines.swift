import FoundationEssentials

/// An Event as a Script appended it to its events file.
package struct EventLine: Sendable, Hashable {
    package var type: String
    /// The deduplication key.
    package var id: String
    /// Numbers and booleans as text.
    package var params: [String: String]

    package init(type: String, id: String, params: [String: String]) {
        self.type = type
        self.id = id
        self.params = params
    }
}

/// The first thing wrong in an events file.
package struct EventLinesError: Error, Sendable, Hashable, CustomStringConvertible {
    /// From 1; 0 for the file as a whole.
    package var line: Int
    package var problem: String

    package init(line: Int, problem: String) {
        self.line = line
        self.problem = problem
    }

    package var description: String {
        line == 0 ? "the events file \(problem)" : "line \(line) of the events file: \(problem)"
    }
}

/// Reads what a Script appended to `$ALTP_EVENTS`: one JSON object a line,
/// `{"type": "scene", "id": "LC08", "params": {"cloud": 12.5}}`. The bytes are hostile.
package enum EventLines {
    /// Bytes. The caller need not read more than one beyond it.
    package static let largestFile = 16 << 20
    package static let mostLines = 10_000
    /// Bytes of a `type`, an `id` and a parameter's name.
    package static let longestName = 1024
    package static let mostParams = 1000

    /// All or nothing: a wrong line gives none of the file's Events. Blank lines are passed over.
    package static func read(_ bytes: [UInt8]) throws(EventLinesError) -> [EventLine] {
        guard bytes.count <= largestFile else {
            throw EventLinesError(line: 0, problem: "is larger than \(largestFile >> 20) MiB")
        }
        var events: [EventLine] = []
        var number = 0
        let decoder = JSONDecoder()
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            number += 1
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            guard events.count < mostLines else {
                throw EventLinesError(
                    line: number, problem: "is one more than the \(mostLines) Events that a Script may emit")
            }
            do {
                events.append(try decode(Data(line), decoder))
            } catch {
                throw EventLinesError(line: number, problem: error.problem)
            }
        }
        return events
    }

    private struct Rejection: Error {
        var problem: String
    }

    private static func decode(_ line: Data, _ decoder: JSONDecoder) throws(Rejection) -> EventLine {
        let raw: RawEvent
        do {
            raw = try decoder.decode(RawEvent.self, from: line)
        } catch let DecodingError.dataCorrupted(context) where context.codingPath.isEmpty {
            throw Rejection(problem: "is not JSON; expected {\"type\": …, \"id\": …, \"params\": {…}} on one line")
        } catch let error as DecodingError {
            throw Rejection(problem: sentence(error))
        } catch {
            throw Rejection(problem: "\(error)")
        }
        for (field, text) in [("type", raw.type), ("id", raw.id)] + raw.params.keys.map({ ("params", $0) }) {
            guard !text.isEmpty, text.utf8.count <= longestName,
                !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            else {
                let what = field == "params" ? "a name in `params`" : "`\(field)`"
                throw Rejection(
                    problem: "\(what) must have 1 to \(longestName) bytes and no control characters")
            }
        }
        guard raw.params.count <= mostParams else {
            throw Rejection(problem: "`params` has \(raw.params.count) entries; at most \(mostParams) are allowed")
        }
        return EventLine(type: raw.type, id: raw.id, params: raw.params.mapValues(\.text))
    }

    private static func sentence(_ error: DecodingError) -> String {
        func path(_ keys: [any CodingKey]) -> String { "`" + keys.map(\.stringValue).joined(separator: ".") + "`" }
        switch error {
        case .keyNotFound(let key, _): return "`\(key.stringValue)` is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "is not a JSON object" : "\(path(context.codingPath)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}

private struct RawEvent: Decodable {
    var type: String
    var id: String
    var params: [String: Scalar]

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let known = ["type", "id", "params"]
        if let extra = container.allKeys.first(where: { !known.contains($0.stringValue) }) {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: [extra],
                    debugDescription: "is not a key of an Event; expected type, id and params"))
        }
        type = try Self.string(container, "type")
        id = try Self.string(container, "id")
        params = try container.decodeIfPresent([String: Scalar].self, forKey: Key(stringValue: "params")) ?? [:]
    }

    private static func string(_ container: KeyedDecodingContainer<Key>, _ name: String) throws -> String {
        do {
            return try container.decode(String.self, forKey: Key(stringValue: name))
        } catch DecodingError.typeMismatch(_, let context) {
            throw DecodingError.dataCorrupted(
                .init(codingPath: context.codingPath, debugDescription: "expected a string"))
        }
    }
}

/// A string, a number or a boolean, as text.
private struct Scalar: Decodable {
    var text: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let string = try? container.decode(String.self) {
            text = string
        } else if let flag = try? container.decode(Bool.self) {
            text = flag ? "true" : "false"
        } else if let integer = try? container.decode(Int64.self) {
            text = "\(integer)"
        } else if let number = try? container.decode(Double.self), number.isFinite {
            text = "\(number)"
        } else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "expected a string, a number or a boolean"))
        }
    }
}
