import Configuration
import FoundationEssentials
import Testing

/// Definitions are stored by the hash of their JSON: these texts must not change.
@Suite struct CodingTests {
    private func check<Value: Codable & Hashable>(_ value: Value, _ text: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(String(decoding: try encoder.encode(value), as: UTF8.self) == text)
        #expect(try JSONDecoder().decode(Value.self, from: Data(text.utf8)) == value)
    }

    @Test(arguments: [
        (Trigger.every(Timespan(seconds: 300)), #"{"every":"5m"}"#),
        (.cron(expression: "0 0 * * *", timezone: "UTC"), #"{"cron":"0 0 * * *","timezone":"UTC"}"#),
        (.event("scene"), #"{"on_event":"scene"}"#), (.manual, "{}"),
    ])
    func codesTriggers(_ value: Trigger, _ text: String) throws { try check(value, text) }

    @Test(arguments: [
        (ScriptDefinition.Command.arguments(["a", "${b}"]), #"["a","${b}"]"#), (.arguments([]), "[]"),
        (.shell("a b"), #""a b""#),
    ])
    func codesCommands(_ value: ScriptDefinition.Command, _ text: String) throws { try check(value, text) }

    @Test(arguments: [
        (NetworkAccess.none, #""none""#), (.host, #""host""#),
        (.allow([]), #"{"allow":[]}"#),
    ])
    func codesNetworks(_ value: NetworkAccess, _ text: String) throws { try check(value, text) }

    @Test func codesEndpoints() throws {
        let listed = ["a:1", "192.0.2.0/24:*", "[2001:db8::7]:443"]
        try check(
            NetworkAccess.allow(try listed.map { try NetworkEndpoint(parsing: $0) }),
            #"{"allow":["a:1","192.0.2.0/24:*","[2001:db8::7]:443"]}"#)
    }

    @Test(arguments: [#"{"allow":["a"]}"#, #"{"allow":"a:1"}"#, #""some""#, "{}"])
    func refusesOtherNetworks(_ text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(NetworkAccess.self, from: Data(text.utf8)) }
    }

    @Test(arguments: [
        (SeccompChoice.default, #""default""#), (.strict, #""strict""#), (.none, #""none""#),
        (.file("/a.json"), #"{"file":"/a.json"}"#),
    ])
    func codesFilters(_ value: SeccompChoice, _ text: String) throws { try check(value, text) }

    @Test(arguments: [(RootfsDefinition.Source.host, #""host""#), (.directory("/srv"), #"{"directory":"/srv"}"#)])
    func codesRootfs(_ value: RootfsDefinition.Source, _ text: String) throws { try check(value, text) }

    @Test func codesOutcomesInOrder() throws {
        var retry = Retry()
        retry.on = Set(OutcomeKind.allCases)
        let names = OutcomeKind.allCases.map { "\"\($0.rawValue)\"" }.sorted().joined(separator: ",")
        try check(retry, #"{"backoff":2,"delay":"30s","limit":3,"maxDelay":"10m","on":["# + names + "]}")
    }

    @Test(arguments: [#""lenient""#, "5", "{}", "[]"])
    func refusesOtherFilters(_ text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(SeccompChoice.self, from: Data(text.utf8)) }
    }

    @Test func refusesSeveralTriggers() {
        let text = #"{"every":"5m","on_event":"x"}"#
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Trigger.self, from: Data(text.utf8)) }
    }
}
