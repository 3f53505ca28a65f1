import Wire

/// How to reach the Launcher.
struct LauncherOptions: OptionGroup {
    @Option(
        "socket", placeholder: "PATH",
        help: "The Launcher's socket; else $ALTP_SOCKET, inside a sandbox the Script's own, or /run/altp/altp.sock.")
    var socket: String?
    @Option(
        "server", placeholder: "URL",
        help: "A Launcher on another host, such as https://altp.example:8470; else $ALTP_SERVER.")
    var server: String?
    @Option("token-file", placeholder: "FILE", help: "The token for a server; else $ALTP_TOKEN is the token itself.")
    var tokenFile: String?
    @Option(
        "ca", placeholder: "FILE", help: "Whom to trust for https, a PEM file; else $ALTP_CA, or the system's.")
    var authorities: String?

    func client(_ context: Context, interruption: Interruption? = nil) -> LauncherClient {
        LauncherClient(
            .init(socket: socket, server: server, tokenFile: tokenFile, authorities: authorities), context: context,
            interruption: interruption)
    }
}

package enum OutputFormat: String, CaseIterable, ArgumentValue {
    case table
    case json
}

package struct FormatOptions: OptionGroup {
    @Option("output", short: "o", placeholder: "FORMAT", help: "How to print; json is the API's own.")
    package var format = OutputFormat.table

    package init() {}
}

/// A parameter as it is written on the command line: `scene=LC08_193026`.
struct ParameterArgument: ArgumentValue {
    var name: String
    var value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals > argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }

    static var expectation: String { "NAME=VALUE" }
}

struct ParameterOptions: OptionGroup {
    @Option("param", short: "p", placeholder: "NAME=VALUE", help: "A parameter.") var pairs: [ParameterArgument]
    @Option("params", placeholder: "JSON", help: "Parameters as one JSON object; --param adds to them.") var json:
        String?

    func values() throws(UsageError) -> [String: ParameterValue] {
        var result: [String: ParameterValue] = [:]
        if let json {
            guard let object = try? WireJSON.decode([String: ParameterValue].self, from: Array(json.utf8)) else {
                throw UsageError(
                    "--params: ‘\(Printable.line(json))’ is not a JSON object of strings, numbers and booleans")
            }
            result = object
        }
        var given: Set<String> = []
        for pair in pairs {
            guard given.insert(pair.name).inserted else {
                throw UsageError("--param: \(Printable.line(pair.name)) is given twice")
            }
            result[pair.name] = ParameterValue(pair.value)
        }
        return result
    }
}

/// A type that a `ParameterValue` map is shown as.
enum ParameterText {
    /// `cloud_max=40 scene=LC08`, by name.
    static func line(_ params: [String: ParameterValue]) -> String {
        params.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.text)" }.joined(separator: " ")
    }
}

extension Context {
    /// Prints the API's own JSON.
    func printJSON(_ bytes: [UInt8]) throws {
        try output.write(bytes + (bytes.last == 0x0A ? [] : [0x0A]))
    }

    package func print(_ table: Table) throws {
        try output.print(table.render(width: output.width, style: output.style), terminator: "")
    }
}
