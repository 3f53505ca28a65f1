/// `POST /processings/{id}/sessions`: enter the sandbox of one of its attempts.
package struct OpenSession: RequestBody, Hashable {
    /// The Script that was last at work when absent.
    package var script: String?
    /// Its last attempt when absent.
    package var attempt: Int?
    /// What to run; an interactive shell when absent.
    package var command: [String]?
    /// What the session leaves out: `network`, `seccomp`, `limits`.
    package var relax: [String]?
    /// Enter a view that is thrown away afterwards.
    package var snapshot: Bool?
    /// A folder of the host to see at `/debug`.
    package var with: String?
    /// A terminal of this size; three pipes when absent.
    package var terminal: TerminalSizeView?
    /// Variables beside the attempt's, or in their place.
    package var environment: [String: String]?

    /// What may be relaxed.
    package static let relaxations = ["network", "seccomp", "limits"]

    package init(
        script: String? = nil, attempt: Int? = nil, command: [String]? = nil, relax: [String]? = nil,
        snapshot: Bool? = nil, with: String? = nil, terminal: TerminalSizeView? = nil,
        environment: [String: String]? = nil
    ) {
        self.script = script
        self.attempt = attempt
        self.command = command
        self.relax = relax
        self.snapshot = snapshot
        self.with = with
        self.terminal = terminal
        self.environment = environment
    }

    package static let fields = [
        "script", "attempt", "command", "relax", "snapshot", "with", "terminal", "environment",
    ]
}

/// The size of a terminal, in characters.
package struct TerminalSizeView: Sendable, Hashable, Codable {
    package var rows: UInt16
    package var columns: UInt16

    package init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> UInt16 {
            let number = try container.decode(Int.self, forKey: key)
            guard let count = UInt16(exactly: number) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "a whole number from 0 to \(UInt16.max)")
            }
            return count
        }
        rows = try count(.rows)
        columns = try count(.columns)
    }

    private enum CodingKeys: String, CodingKey {
        case rows, columns
    }
}
