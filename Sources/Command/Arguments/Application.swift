import Wire

/// The whole command: finds the verb that a line names, fills it and runs it.
package struct Application {
    package var verbs: [VerbNode]

    package init(verbs: [VerbNode]) { self.verbs = verbs }

    /// What a line asks for.
    enum Request {
        case run(any Verb)
        case help(String)
    }

    /// A misused line, and the usage of the part of it that was understood.
    struct Misuse: Error, Hashable {
        var message: String
        var usage: String
        var helpLine: String
    }

    /// Runs the line and says on the error output what went wrong.
    /// - Parameter arguments: without the program's name.
    /// - Returns: the exit status.
    package func run(_ arguments: [String], in context: Context) -> Int32 {
        do {
            switch try request(arguments, isInside: context.isInsideSandbox) {
            case .help(let text): try context.output.print(text, terminator: "")
            case .run(let verb): try verb.run(in: context)
            }
            return ExitStatus.success.code
        } catch let misuse as Misuse {
            complain("\(misuse.message)\n\(misuse.usage)   (more: \(misuse.helpLine))", in: context)
            return ExitStatus.usage.code
        } catch let error as UsageError {
            complain(error.description, in: context)
            return ExitStatus.usage.code
        } catch let failure as CommandFailure {
            complain(failure.description, in: context)
            return failure.status.code
        } catch let status as ExitStatus {
            return status.code
        } catch {
            complain(Printable.lines("\(error)"), in: context)
            return ExitStatus.failure.code
        }
    }

    private func complain(_ text: String, in context: Context) {
        // There is no third place to say that the error output cannot be written.
        try? context.errors.print("\(context.errors.style("altp:", .red)) \(text)")
    }

    /// - Parameter isInside: a Script asks, for whom its own verbs come first.
    func request(_ arguments: [String], isInside: Bool = false) throws(Misuse) -> Request {
        guard let first = arguments.first else {
            throw Misuse(
                message: "what is to be done?", usage: "usage: altp VERB [OPTIONS] [ARGUMENTS]", helpLine: "altp help")
        }
        switch first {
        case "--help", "-h": return .help(HelpPage.root(verbs, isInside: isInside))
        case "--version", "-V": return .help("altp \(ProductVersion.current)\n")
        case "help": return .help(try help(Array(arguments.dropFirst()), isInside: isInside))
        default: return try request(arguments[...], among: verbs, path: ["altp"])
        }
    }

    private func request(
        _ words: ArraySlice<String>, among nodes: [VerbNode], path: [String]
    ) throws(Misuse) -> Request {
        let node = try find(words.first!, among: nodes, path: path)
        let path = path + [node.name]
        let rest = words.dropFirst()
        switch node.body {
        case .group(let children):
            guard let next = rest.first else {
                throw Misuse(
                    message:
                        "\(path.joined(separator: " ")) needs a verb: \(children.map(\.name).joined(separator: ", "))",
                    usage: HelpPage.usage(path, group: children), helpLine: Self.helpLine(path))
            }
            if next == "--help" || next == "-h" { return .help(HelpPage.group(node, path: path)) }
            return try request(rest, among: children, path: path)
        case .verb(let type):
            let parser = Parser(type)
            do {
                guard try parser.parse(Array(rest)) else { return .help(HelpPage.verb(type, path: path)) }
                try parser.verb.validate()
                return .run(parser.verb)
            } catch {
                throw Misuse(
                    message: error.description, usage: HelpPage.usage(path, parser.declarations),
                    helpLine: Self.helpLine(path))
            }
        }
    }

    private func help(_ words: [String], isInside: Bool) throws(Misuse) -> String {
        var nodes = verbs
        var path = ["altp"]
        var page = HelpPage.root(verbs, isInside: isInside)
        for word in words {
            let node = try find(word, among: nodes, path: path)
            path.append(node.name)
            switch node.body {
            case .group(let children):
                page = HelpPage.group(node, path: path)
                nodes = children
            case .verb(let type):
                page = HelpPage.verb(type, path: path)
                nodes = []
            }
        }
        return page
    }

    private func find(_ word: String, among nodes: [VerbNode], path: [String]) throws(Misuse) -> VerbNode {
        if let node = nodes.first(where: { $0.name == word }) { return node }
        let usage = nodes.isEmpty ? "usage: \(path.joined(separator: " "))" : HelpPage.usage(path, group: nodes)
        let kind = word.hasPrefix("-") ? "option" : "verb"
        let known = nodes.map(\.name) + (path.count == 1 ? ["help"] : [])
        throw Misuse(
            message:
                "unknown \(kind) ‘\(Printable.line(word))’\(path.count > 1 ? " after \(path.joined(separator: " "))" : "")"
                + suggestion(for: word, among: known),
            usage: usage, helpLine: Self.helpLine(path))
    }

    private static func helpLine(_ path: [String]) -> String {
        (["altp", "help"] + path.dropFirst()).joined(separator: " ")
    }
}
