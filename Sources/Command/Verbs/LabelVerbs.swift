import Configuration
import Wire

struct Label: Verb {
    static let name = "label"
    static let summary = "Label a Processing, to find it again"
    static let discussion = "From inside a Script it is its own Processing; --of names another."
    static let examples = [
        Example("altp label quality good", "Inside a Script; then altp ps --label quality:good finds it."),
        Example("altp label checked-by ann --of 42", "For a person."),
        Example("altp label quality --remove --of 42", "Take it away."),
    ]

    @Argument("KEY", help: "Letters, digits, dots, dashes and underscores.") var key: String
    @Argument("VALUE", help: "A line.") var value: String?
    @Option("of", placeholder: "REF", help: "The Processing, such as 42.") var processing: ProcessingReference?
    @Flag("remove", help: "Take the label away.") var remove
    var launcher = LauncherOptions()

    func validate() throws(UsageError) {
        if remove, value != nil { throw UsageError("--remove and VALUE exclude each other") }
        if !remove, value == nil { throw UsageError("VALUE is missing; --remove takes the label away") }
    }

    func run(in context: Context) throws {
        if processing == nil {
            try context.requireSandbox("--of is missing: only from inside a Script is the Processing known")
        }
        let place = processing.map { "/processings/\($0.id)" } ?? "/self"
        let path = "\(place)/labels/\(HTTPRequest.encode(key))"
        let client = launcher.client(context)
        if let value { try client.put(path, SetLabel(value: value)) } else { try client.delete(path) }
    }
}

struct Metric: Verb {
    static let name = "metric"
    static let summary = "Keep a figure with the Script's attempt"
    static let discussion = """
        An attempt has one figure of a name: a later one takes its place. altp processing show lists them, and
        GET /api/v1/tasks/NAME/metrics gives those of a Task over time.
        """
    static let examples = [Example("altp metric clouds 12.5 --unit %", "How cloudy the scene was.")]

    @Argument("NAME", help: "Letters, digits, dots, dashes and underscores.") var metric: String
    @Argument("NUMBER", help: "The figure.") var value: Double
    @Option("unit", placeholder: "UNIT", help: "Such as %, K or bytes.") var unit: String?
    var launcher = LauncherOptions()

    func run(in context: Context) throws {
        try context.requireSandbox("a metric is reported from inside a Script")
        try launcher.client(context).post("/self/metrics", ReportMetric(name: metric, value: value, unit: unit))
    }
}

/// A label as the list's filter has it: `quality:good`.
struct LabelArgument: ArgumentValue {
    var text: String

    init?(argument: String) {
        guard let colon = argument.firstIndex(of: ":"), colon > argument.startIndex else { return nil }
        text = argument
    }

    static var expectation: String { "KEY:VALUE" }
}
