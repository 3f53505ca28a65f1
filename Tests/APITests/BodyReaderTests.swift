import API
import Testing
import Wire

@Suite struct BodyReaderTests {
    private static func problem<Body: RequestBody>(
        _ type: Body.Type, _ text: String, contentType: String? = "application/json"
    ) -> Problem? {
        problem(type, bytes: Array(text.utf8), contentType: contentType)
    }

    private static func problem<Body: RequestBody>(
        _ type: Body.Type, bytes: [UInt8], contentType: String? = "application/json"
    ) -> Problem? {
        let headers = contentType.map { ["content-type": $0] } ?? [:]
        do {
            _ = try BodyReader.read(
                type, from: HTTPRequest(method: "POST", path: ["x"], headers: headers, body: bytes))
            return nil
        } catch {
            return error
        }
    }

    private static func shown(_ problem: Problem?) -> String {
        guard let problem else { return "valid" }
        guard let errors = problem.errors else { return "\(problem.status) \(problem.detail)" }
        return "\(problem.status) " + errors.map { "\($0.field) \($0.detail)" }.joined(separator: "; ")
    }

    @Test(arguments: [
        (#"{"type": "scene", "key": "LC08"}"#, "valid"),
        (
            #"{"type": "scene", "key": "LC08", "params": {"a": "x", "b": 1, "c": 2.5, "d": true}, "force": false}"#,
            "valid"
        ),
        (#"{"type": "scene", "key": "LC08", "params": null}"#, "valid"),
        (#"{"type": "scene"}"#, "422 key is missing"),
        (#"{"type": 3, "key": "x"}"#, "422 type must be a string"),
        (#"{"type": null, "key": "x"}"#, "422 type must be a string, not null"),
        (#"{"type": "scene", "key": ["x"]}"#, "422 key must be a string"),
        (#"{"type": "s", "key": "x", "force": "yes"}"#, "422 force must be true or false"),
        (#"{"type": "s", "key": "x", "force": 1}"#, "422 force must be true or false"),
        (#"{"type": "s", "key": "x", "params": []}"#, "422 params must be an object"),
        (#"{"type": "s", "key": "x", "params": "p"}"#, "422 params must be an object"),
        (
            #"{"type": "s", "key": "x", "params": {"scene": [1]}}"#,
            "422 params.scene must be a string, a number or a boolean"
        ),
        (
            #"{"type": "s", "key": "x", "params": {"scene": "a\u0000b"}}"#,
            "422 params.scene must be text without NUL characters"
        ),
        (#"{"type": "s", "key": "x", "parms": {}}"#, "422 parms is unknown; did you mean params?"),
        (
            #"{"type": "s", "key": "x", "colour": 1}"#,
            "422 colour is unknown; there are type, key, params, force"
        ),
        (#"{"typ": "s", "key": 1}"#, "422 typ is unknown; did you mean type?; type is missing"),
        ("", "422 type is missing"),
        ("[]", "422 The body must be a JSON object."),
        ("3", "422 The body must be a JSON object."),
        ("null", "422 The body must be a JSON object."),
        (#""text""#, "422 The body must be a JSON object."),
        ("{", "400 The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply."),
        (#"{"type": "s" "key": "x"}"#, "400 The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply."),
        (#"{"type": "s", "key": "x"} {}"#, "400 The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply."),
        (#"{'type': 's', 'key': 'x'}"#, "400 The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply."),
        (#"{"type": "\ud800", "key": "x"}"#, "400 The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply."),
    ])
    func checksAnEvent(text: String, expected: String) {
        #expect(Self.shown(Self.problem(SendEvent.self, text)) == expected)
    }

    @Test(arguments: [
        (#"{"percent": 50, "text": "half"}"#, "valid"),
        (#"{"percent": "50"}"#, "422 percent must be a number"),
        (#"{"percent": true}"#, "422 percent must be a number"),
        (#"{"percent": 1e400}"#, "400 The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply."),
        (#"{"percent": NaN}"#, "400 The body is not JSON (RFC 8259) in UTF-8, or is nested too deeply."),
    ])
    func checksProgress(text: String, expected: String) {
        #expect(Self.shown(Self.problem(ReportProgress.self, text)) == expected)
    }

    @Test(arguments: [
        (#"{"outcome": "soft", "reason": "later"}"#, "valid"),
        (#"{"outcome": "sofft"}"#, "422 outcome must be success, soft or hard"),
        (#"{"outcome": 75}"#, "422 outcome must be a string"),
        ("{}", "422 outcome is missing"),
    ])
    func checksAnEnding(text: String, expected: String) {
        #expect(Self.shown(Self.problem(EndSelf.self, text)) == expected)
    }

    @Test func takesNothingWhereNothingIsTaken() {
        #expect(Self.problem(NoInput.self, "") == nil)
        #expect(Self.problem(NoInput.self, "{}") == nil)
        #expect(Self.shown(Self.problem(NoInput.self, #"{"a": 1}"#)) == "422 a is unknown; no field is taken")
    }

    @Test(arguments: [
        ("application/json", "valid"),
        ("Application/JSON; charset=utf-8", "valid"),
        (nil, "415 The body has no Content-Type; it must be application/json."),
        ("text/plain", "415 The body is text/plain; it must be application/json."),
        (
            "application/x-www-form-urlencoded",
            "415 The body is application/x-www-form-urlencoded; it must be application/json."
        ),
        ("application/jsonp", "415 The body is application/jsonp; it must be application/json."),
    ])
    func checksTheMediaType(contentType: String?, expected: String) {
        #expect(Self.shown(Self.problem(NoInput.self, "{}", contentType: contentType)) == expected)
    }

    /// A parser that recurses without a bound would end the daemon here.
    @Test(arguments: ["[", "{\"a\":", "{\"params\":[", "[[{\"x\":"])
    func survivesDeepNesting(opening: String) {
        let text = String(repeating: opening, count: 1_000_000 / opening.utf8.count)
        #expect(Self.problem(SendEvent.self, text)?.status == 400)
    }

    @Test func survivesManyFields() {
        let fields = (0..<50_000).map { "\"f\($0)\": \($0)" }.joined(separator: ",")
        let problem = Self.problem(SendEvent.self, "{\(fields)}")
        #expect(problem?.status == 422)
        #expect(problem?.errors?.count == 21)
    }

    @Test func refusesBytesThatAreNoText() {
        #expect(
            Self.problem(PauseTask.self, bytes: Array(#"{"reason": ""#.utf8) + [0xFF] + Array("\"}".utf8))?.status
                == 400)
        #expect(Self.problem(PauseTask.self, bytes: [0, 0, 0])?.status == 400)
    }

    @Test func readsValues() throws {
        let text =
            #"{"key": "k", "type": "t", "params": {"a": "x", "b": 1, "c": 2.5, "d": true, "e": -0.1}, "force": true}"#
        let request = HTTPRequest(
            method: "POST", path: [], headers: ["content-type": "application/json"], body: Array(text.utf8))
        let expected = SendEvent(
            type: "t", key: "k", params: ["a": "x", "b": "1", "c": "2.5", "d": "true", "e": "-0.1"], force: true)
        #expect(try BodyReader.read(SendEvent.self, from: request) == expected)
    }
}
