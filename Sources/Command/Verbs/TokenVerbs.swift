import Configuration
import Wire

struct TokenCreate: Verb {
    static let name = "create"
    static let summary = "Make a token for the API over TCP"
    static let discussion = """
        The token is printed this once; the Launcher keeps no more than its hash. Whoever has it may do what its role may: a
        viewer sees, an operator steers Tasks and Processings, an admin also the Launcher, tokens and the audit log. With
        --task it is for these Tasks alone, and nothing of the host. Where the API listens, altp.yaml says: api: listen:.
        """
    static let examples = [
        Example("altp token create ci --role operator --task landsat-scene", "For a program that sends scenes."),
        Example("altp token create ann --role admin --expires 30d", "For a person, from another machine."),
    ]

    @Argument("NAME", help: "What the history and the audit log call it: token:NAME.") var token: String
    @Option("role", placeholder: "ROLE", help: "viewer, operator or admin; viewer unless given.") var role: TokenRole?
    @Option("task", placeholder: "TASK", help: "Only for this Task.") var tasks: [String]
    @Option("expires", placeholder: "TIME", help: "It is valid so long, or for ever: never. 90d unless given.")
    var expiry: TokenExpiry?
    @Option("description", placeholder: "TEXT", help: "What it is for.") var description: String?
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        var expiresAt: Timestamp?
        if case .after(let time) = expiry ?? .usual {
            expiresAt = Timestamp(milliseconds: context.now + time.milliseconds)
        }
        let body = CreateToken(
            name: token, role: (role ?? .viewer).rawValue, description: description, tasks: tasks.isEmpty ? nil : tasks,
            expiresAt: expiresAt)
        let response = try client.post("/tokens", body)
        guard format.format == .table else { return try context.printJSON(response.body) }
        let created = try client.decode(CreatedTokenView.self, response.body)
        // Alone on the standard output, so that it can go into a file.
        try context.output.print(Printable.line(created.secret))
        let end = created.token.expiresAt.map { "until \(TimeText.full($0.milliseconds))" } ?? "for ever"
        try context.errors.print(
            Printable.line(
                "The token \(created.token.name) (\(created.token.role)) is valid \(end). It is not shown again."))
    }
}

enum TokenRole: String, CaseIterable, ArgumentValue {
    case viewer
    case `operator`
    case admin
}

enum TokenExpiry: ArgumentValue {
    case after(Timespan)
    case never

    static let usual = TokenExpiry.after(Timespan(seconds: 90 * 86_400))

    init?(argument: String) {
        if argument == "never" {
            self = .never
        } else if let time = Timespan(parsing: argument), (1...3_153_600_000_000).contains(time.milliseconds) {
            self = .after(time)
        } else {
            return nil
        }
    }

    static var expectation: String { "a duration such as 12h or 90d, or never" }
}

struct TokenList: Verb {
    static let name = "list"
    static let summary = "List the tokens: roles, scopes, ends, last use"
    static let examples = [Example("altp token list", "The valid ones; --all shows the expired and revoked ones too.")]

    @Flag("all", short: "a", help: "The expired and revoked ones too.") var all
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        let response = try client.get("/tokens")
        let tokens = try client.decode([TokenView].self, response.body).filter { all || $0.state == "valid" }
        guard format.format == .table else { return try context.printJSON(try WireJSON.encode(tokens)) }
        var table = Table([
            .init("NAME"), .init("ID"), .init("ROLE"), .init("TASKS", flexible: 10), .init("STATE"), .init("EXPIRES"),
            .init("LAST USED"), .init("CREATED BY", flexible: 8), .init("DESCRIPTION", flexible: 10),
        ])
        for token in tokens {
            table.add([
                .init(token.name), .init(token.id), .init(token.role),
                .init(token.tasks?.joined(separator: ",") ?? "all"),
                .init(token.state, token.state == "valid" ? nil : .dim),
                .init(token.expiresAt.map { TimeText.full($0.milliseconds) } ?? "never"),
                .init(token.lastUsedAt.map { "\(TimeText.age(of: $0.milliseconds, at: context.now)) ago" } ?? "never"),
                .init(token.createdBy), .init(token.description ?? ""),
            ])
        }
        try context.print(table)
    }
}

struct TokenRevoke: Verb {
    static let name = "revoke"
    static let summary = "Revoke tokens: they end at once"
    static let examples = [Example("altp token revoke ci", "What is connected with it is cut off, too.")]

    @Argument("NAME", help: "The token's name or id.") var tokens: [String]
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        let client = launcher.client(context)
        for token in tokens {
            let response = try client.delete("/tokens/\(HTTPRequest.encode(token))")
            let view = try client.decode(TokenView.self, response.body)
            try context.output.print("\(Printable.line(view.name)) is revoked.")
        }
    }
}

struct AuditList: Verb {
    static let name = "audit"
    static let summary = "Show who changed what, and whom that was refused, newest first"
    static let examples = [
        Example("altp audit --who token:ci", "What one token has done."),
        Example("altp audit --status 403 --since 1d", "What was refused since yesterday."),
    ]

    @Option("who", placeholder: "WHO", help: "Only by this one, such as cli:root, token:ci or script:42/load#1.")
    var who: [String]
    @Option("method", placeholder: "METHOD", help: "Only this method, such as DELETE.") var methods: [String]
    @Option("path", placeholder: "PATH", help: "Only what is at a path that begins so.") var path: String?
    @Option("status", placeholder: "N", help: "Only what was answered with this status.") var statuses: [Int]
    @Option("since", placeholder: "TIME", help: "Only since then: 2h, 7d, or a time such as 2026-11-24T12:30:00Z.")
    var since: Moment?
    @Option("until", placeholder: "TIME", help: "Only before then.") var until: Moment?
    var range = RangeOptions()
    var format = FormatOptions()
    var launcher = LauncherOptions()

    func validate() throws(UsageError) { try range.validate() }

    func run(in context: Context) throws {
        let client = launcher.client(context)
        var query = who.map { HTTPRequest.QueryItem(name: "who", value: $0) }
        query += methods.map { .init(name: "method", value: $0.uppercased()) }
        query += statuses.map { .init(name: "status", value: "\($0)") }
        if let path { query.append(.init(name: "path", value: path)) }
        for (name, moment) in [("since", since), ("until", until)] {
            if let moment { query.append(.init(name: name, value: moment.time(at: context.now).description)) }
        }
        let page = try client.list(AuditView.self, "/audit", query, limit: range.limit(in: format.format))
        guard format.format == .table else { return try context.printJSON(try WireJSON.encode(page)) }
        var table = Table([
            .init("TIME"), .init("WHO", flexible: 10), .init("FROM", flexible: 12), .init("STATUS"), .init("METHOD"),
            .init("PATH", flexible: 20), .init("BODY", flexible: 10),
        ])
        for entry in page.items {
            table.add([
                .init(TimeText.full(entry.at.milliseconds)), .init(entry.who), .init(entry.origin),
                .init("\(entry.status)", entry.status < 400 ? nil : .red), .init(entry.method), .init(entry.path),
                .init(entry.body ?? ""),
            ])
        }
        try context.print(table)
        try range.sayIfMore(page.next != nil, page.items.count, in: context)
    }
}

/// A point in time, or how long ago it was.
enum Moment: ArgumentValue {
    case ago(Timespan)
    case at(Timestamp)

    init?(argument: String) {
        if let time = Timespan(parsing: argument) {
            self = .ago(time)
        } else if let time = Timestamp(parsing: argument) {
            self = .at(time)
        } else {
            return nil
        }
    }

    static var expectation: String { "a duration such as 2h or 7d, or a time such as 2026-11-24T12:30:00Z" }

    func time(at now: Int64) -> Timestamp {
        switch self {
        case .ago(let time): Timestamp(milliseconds: max(0, now - time.milliseconds))
        case .at(let time): time
        }
    }
}
