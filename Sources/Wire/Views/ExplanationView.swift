/// Why a Processing is where it is: `GET /processings/{id}/why`
package struct ExplanationView: Sendable, Hashable, Codable {
    package struct Fact: Sendable, Hashable, Codable {
        /// `pool`, `memory`, `cpu`, `task-paused`, `max-running`, `retry`, `running`, `outcome`, `limit`, `denied-call` …
        package var kind: String
        package var text: String
        /// Figures by name, where there are any.
        package var values: [String: String]

        package init(kind: String, text: String, values: [String: String]) {
            self.kind = kind
            self.text = text
            self.values = values
        }
    }

    package var reference: String
    /// The answer in one sentence.
    package var summary: String
    package var facts: [Fact]

    package init(reference: String, summary: String, facts: [Fact]) {
        self.reference = reference
        self.summary = summary
        self.facts = facts
    }
}
