/// `POST /tokens`
package struct CreateToken: RequestBody, Hashable {
    /// Letters, digits, `-`, `_`, `.` and `@`; no other valid token has it.
    package var name: String
    /// `viewer`, `operator` or `admin`.
    package var role: String
    /// What it is for.
    package var description: String?
    /// The names of the Tasks that it is for; all Tasks, and the host, when absent.
    package var tasks: [String]?
    /// It is valid until then; for ever when absent.
    package var expiresAt: Timestamp?

    package init(
        name: String, role: String, description: String? = nil, tasks: [String]? = nil, expiresAt: Timestamp? = nil
    ) {
        self.name = name
        self.role = role
        self.description = description
        self.tasks = tasks
        self.expiresAt = expiresAt
    }

    package static let fields = ["name", "role", "description", "tasks", "expires_at"]

    enum CodingKeys: String, CodingKey {
        case name, role, description, tasks
        case expiresAt = "expires_at"
    }
}
