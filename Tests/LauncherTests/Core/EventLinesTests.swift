import Launcher
import Testing

struct EventLinesTests {
    @Test func readsLines() throws {
        let text = """
            {"type": "scene", "id": "LC08", "params": {"path": "a\\u00fc", "cloud": 12.5, "row": 30, "ok": true}}

            {"id":"2","type":"scene"}\r
               \t
            {"type": "scene", "id": "3", "params": {}}
            """
        #expect(
            try EventLines.read(Array(text.utf8)) == [
                EventLine(
                    type: "scene", id: "LC08", params: ["path": "aü", "cloud": "12.5", "row": "30", "ok": "true"]),
                EventLine(type: "scene", id: "2", params: [:]), EventLine(type: "scene", id: "3", params: [:]),
            ])
        #expect(try EventLines.read([]) == [])
    }

    private static let form = #"is not JSON; expected {"type": …, "id": …, "params": {…}} on one line"#

    @Test(arguments: [
        ("{", form), ("nonsense", form), (#"{"type": "a", "id": "b"} x"#, form), ("[1]", "is not a JSON object"),
        ("42", "is not a JSON object"), (#"{"id": "b"}"#, "`type` is missing"), (#"{"type": "a"}"#, "`id` is missing"),
        (#"{"type": "a", "id": 5}"#, "`id`: expected a string"),
        (#"{"type": "a", "id": "b", "kind": 1}"#, "`kind`: is not a key of an Event; expected type, id and params"),
        (#"{"type": "a", "id": "b", "params": {"x": [1]}}"#, "`params.x`: expected a string, a number or a boolean"),
        (#"{"type": "a", "id": "b", "params": {"x": null}}"#, "`params.x`: expected a string, a number or a boolean"),
        (#"{"type": "", "id": "b"}"#, "`type` must have 1 to 1024 bytes and no control characters"),
        (#"{"type": "a", "id": "b\u0000"}"#, "`id` must have 1 to 1024 bytes and no control characters"),
        (
            #"{"type": "a", "id": "b", "params": {"": 1}}"#,
            "a name in `params` must have 1 to 1024 bytes and no control characters"
        ),
    ])
    func refusal(line: String, problem: String) {
        let file = Array("{\"type\": \"a\", \"id\": \"b\"}\n\(line)\n".utf8)
        #expect(throws: EventLinesError(line: 2, problem: problem)) { try EventLines.read(file) }
    }

    @Test func bounds() throws {
        let line = Array("{\"type\":\"a\",\"id\":\"b\"}\n".utf8)
        let most = [UInt8](repeatElement(line, count: EventLines.mostLines).joined())
        #expect(try EventLines.read(most).count == EventLines.mostLines)
        #expect(throws: EventLinesError.self) { try EventLines.read(most + line) }
        let large = [UInt8](repeating: 0x20, count: EventLines.largestFile + 1)
        #expect(throws: EventLinesError(line: 0, problem: "is larger than 16 MiB")) { try EventLines.read(large) }
    }

    @Test(arguments: [
        [0xFF, 0xFE, 0x00], [0x00], [0x22, 0xC3, 0x28, 0x22], Array(repeating: UInt8(ascii: "["), count: 100_000),
        Array(repeating: UInt8(ascii: "{"), count: 100_000),
        Array("{\"type\":\"a\",\"id\":\"b\",\"params\":".utf8) + Array(repeating: UInt8(ascii: "["), count: 100_000),
    ])
    func hostileBytes(bytes: [UInt8]) {
        #expect(throws: EventLinesError.self) { try EventLines.read(bytes) }
    }
}
