import Configuration
import Testing
import Wire

@testable import Command

/// Has one of each kind of declaration.
private struct Sample: Verb {
    static let name = "sample"
    static let summary = "Try the parser"

    enum Colour: String, CaseIterable, ArgumentValue { case red, green, blue }

    struct Shared: OptionGroup {
        @Option("socket", placeholder: "PATH", help: "The socket.") var socket: String?
    }

    @Argument("REF", help: "The reference.") var reference: Reference
    @Argument("WORD", required: false, help: "More words.") var words: [String]
    @Flag("follow", short: "f", help: "Follow.") var follow
    @Flag("wait", short: "w", help: "Wait.") var wait
    @Option("colour", short: "c", placeholder: "NAME", help: "The colour.") var colour = Colour.red
    @Option("limit", placeholder: "N", help: "The limit.") var limit: Int?
    @Option("since", placeholder: "TIME", help: "The age.") var since: Timespan?
    @Option("param", placeholder: "K=V", help: "A parameter.") var params: [String]
    var shared = Shared()

    func run(in context: Context) {}

    var seen: String {
        var parts = ["\(reference)"] + words
        if follow { parts.append("follow") }
        if wait { parts.append("wait") }
        if colour != .red { parts.append("colour=\(colour)") }
        if let limit { parts.append("limit=\(limit)") }
        if let since { parts.append("since=\(since)") }
        parts += params.map { "param:\($0)" }
        if let socket = shared.socket { parts.append("socket=\(socket)") }
        return parts.joined(separator: " ")
    }
}

private struct PassThrough: Verb {
    static let name = "pass"
    static let summary = "Pass words on"

    @Flag("tty", short: "t", help: "A terminal.") var tty
    @Argument("COMMAND", remainder: true, help: "The command.") var command: [String]

    func run(in context: Context) {}
}

private var application: Application {
    Application(verbs: [
        VerbNode(Sample.self), VerbNode(PassThrough.self),
        VerbNode(group: "task", summary: "Work with Tasks", [VerbNode(Sample.self, as: "list")]),
    ])
}

@Suite struct ParserTests {
    @Test(arguments: [
        (["42"], "42"),
        (["42/load#2", "a", "b"], "42/load#2 a b"),
        (["42", "--follow"], "42 follow"),
        (["-fw", "42"], "42 follow wait"),
        (["-w", "42", "-f"], "42 follow wait"),
        (["42", "--colour", "blue"], "42 colour=blue"),
        (["42", "--colour=green"], "42 colour=green"),
        (["42", "-cblue"], "42 colour=blue"),
        (["42", "-c", "blue"], "42 colour=blue"),
        (["42", "-c=blue"], "42 colour=blue"),
        (["42", "-fcblue"], "42 follow colour=blue"),
        (["42", "--limit", "-3"], "42 limit=-3"),
        (["42", "--since=1h30m"], "42 since=1h30m"),
        (["42", "--param", "a=1", "--param=b=2=3", "--param", ""], "42 param:a=1 param:b=2=3 param:"),
        (["42", "--", "--follow", "-x", "--"], "42 --follow -x --"),
        (["--socket", "/s", "42"], "42 socket=/s"),
        (["42", "-"], "42 -"),
        (["42", "--colour", "blue", "--colour", "green"], "42 colour=green"),
    ])
    func understands(_ words: [String], _ seen: String) throws {
        let request = try application.request(["sample"] + words)
        guard case .run(let verb) = request, let sample = verb as? Sample else {
            Issue.record("not run: \(request)")
            return
        }
        #expect(sample.seen == seen)
    }

    @Test(arguments: [
        ([], "REF is missing: The reference."),
        (["x"], "REF: ‘x’ is not a reference such as 42, 42/calibrate or 42/calibrate#2"),
        (["42", "--folow"], "unknown option --folow; did you mean --follow?"),
        (["42", "--zzz"], "unknown option --zzz"),
        (["42", "--follow=yes"], "--follow takes no value"),
        (["42", "--limit"], "--limit needs a value (N)"),
        (["42", "--limit", "--"], "--limit needs a value (N)"),
        (["42", "--limit", "ten"], "--limit: ‘ten’ is not a whole number"),
        (["42", "--limit", "99999999999999999999"], "--limit: ‘99999999999999999999’ is not a whole number"),
        (["42", "--since", "2 hours"], "--since: ‘2 hours’ is not a duration such as 30s, 5m, 2h or 7d"),
        (["42", "--colour", "blu"], "--colour: ‘blu’ is not one of red, green, blue; did you mean blue?"),
        (["42", "-x"], "unknown option -x"),
        (["42", "-fx"], "unknown option -x"),
        (["42", "--\u{1B}[2J"], "unknown option --^[[2J"),
        (["42", "--="], "unknown option --"),
    ])
    func refuses(_ words: [String], _ message: String) {
        let misuse = #expect(throws: Application.Misuse.self) { try application.request(["sample"] + words) }
        #expect(misuse?.message == message)
        #expect(misuse?.usage == "usage: altp sample [OPTIONS] REF [WORD…]")
        #expect(misuse?.helpLine == "altp help sample")
    }

    @Test(arguments: [
        ([], "what is to be done?", "altp help"),
        (["smaple"], "unknown verb ‘smaple’; did you mean sample?", "altp help"),
        (["sam"], "unknown verb ‘sam’; did you mean sample?", "altp help"),
        (["quux"], "unknown verb ‘quux’", "altp help"),
        (["--verbose"], "unknown option ‘--verbose’", "altp help"),
        (["task"], "altp task needs a verb: list", "altp help task"),
        (["task", "lsit"], "unknown verb ‘lsit’ after altp task; did you mean list?", "altp help task"),
        (["help", "smaple"], "unknown verb ‘smaple’; did you mean sample?", "altp help"),
        (["help", "sample", "more"], "unknown verb ‘more’ after altp sample", "altp help sample"),
    ])
    func refusesVerb(_ words: [String], _ message: String, _ help: String) {
        let misuse = #expect(throws: Application.Misuse.self) { try application.request(words) }
        #expect(misuse?.message == message)
        #expect(misuse?.helpLine == help)
    }

    @Test(arguments: [
        (["pass", "ls", "-l", "--help", "--", "x"], ["ls", "-l", "--help", "--", "x"], false),
        (["pass", "-t", "--", "ls", "-t"], ["ls", "-t"], true),
        (["pass", "--tty", "sh"], ["sh"], true),
    ])
    func passesOn(_ words: [String], _ command: [String], _ tty: Bool) throws {
        guard case .run(let verb) = try application.request(words), let pass = verb as? PassThrough else {
            Issue.record("not run")
            return
        }
        #expect(pass.command == command)
        #expect(pass.tty == tty)
    }

    @Test func demandsTheCommandToPassOn() {
        let misuse = #expect(throws: Application.Misuse.self) { try application.request(["pass", "-t"]) }
        #expect(misuse?.message == "COMMAND is missing: The command.")
        #expect(misuse?.usage == "usage: altp pass [OPTIONS] [--] COMMAND…")
    }

    @Test(arguments: [
        ["sample", "--help"], ["sample", "-h"], ["sample", "42", "-fh"], ["help", "sample"],
        ["sample", "42", "--help", "--nonsense"],
    ])
    func showsHelp(_ words: [String]) throws {
        guard case .help(let page) = try application.request(words) else {
            Issue.record("not help")
            return
        }
        #expect(
            page == """
                Try the parser.

                usage: altp sample [OPTIONS] REF [WORD…]

                Arguments
                  REF    The reference.
                  WORD…  More words.

                Options
                  -f, --follow       Follow.
                  -w, --wait         Wait.
                  -c, --colour NAME  The colour. One of red, green, blue.
                  --limit N          The limit.
                  --since TIME       The age.
                  --param K=V        A parameter. May be repeated.
                  --socket PATH      The socket.
                  -h, --help         Show this page.

                """)
    }
}

@Suite struct VerbTreeTests {
    /// Every declaration is parsed and explained, and no name is taken twice.
    @Test func everyVerbHasASoundPage() throws {
        func walk(_ nodes: [VerbNode], _ path: [String]) throws {
            #expect(Set(nodes.map(\.name)).count == nodes.count)
            for node in nodes {
                #expect(!node.summary.isEmpty && !node.summary.hasSuffix("."), "\(path) \(node.name)")
                switch node.body {
                case .group(let children): try walk(children, path + [node.name])
                case .verb(let type):
                    let declarations = Parser(type).declarations
                    let names = declarations.map(\.name), shorts = declarations.compactMap(\.short)
                    #expect(Set(names).count == names.count, "\(path) \(node.name)")
                    #expect(Set(shorts).count == shorts.count, "\(path) \(node.name)")
                    for declaration in declarations {
                        #expect(declaration.help.hasSuffix("."), "\(path) \(node.name) \(declaration.name)")
                    }
                    for example in type.examples { try checkExample(example.line) }
                }
            }
        }
        try walk(Verbs.all, [])
    }

    /// The examples of the help pages are lines that the parser understands.
    private func checkExample(_ line: String) throws {
        var words: [String] = [], word = "", quote: Character?
        for character in line {
            switch character {
            case quote: quote = nil
            case "'" where quote == nil, "\"" where quote == nil: quote = character
            case " " where quote == nil:
                words.append(word)
                word = ""
            default: word.append(character)
            }
        }
        words.append(word)
        #expect(words.first == "altp", "\(line)")
        let request = try Application(verbs: Verbs.all).request(Array(words.dropFirst()))
        guard case .run = request else {
            Issue.record("\(line) is not run")
            return
        }
    }
}
