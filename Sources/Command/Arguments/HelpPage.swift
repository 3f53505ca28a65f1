/// Help pages, made from the declarations.
enum HelpPage {
    static func usage(_ path: [String], _ declarations: [Declaration]) -> String {
        var parts = ["usage:"] + path
        if declarations.contains(where: { $0.kind == .flag || $0.kind == .option }) { parts.append("[OPTIONS]") }
        for declaration in declarations {
            switch declaration.kind {
            case .flag, .option: continue
            case .positional: parts.append(declaration.isRequired ? declaration.label : "[\(declaration.label)]")
            case .remainder:
                parts.append(declaration.isRequired ? "[--] \(declaration.label)" : "[-- \(declaration.label)]")
            }
        }
        return parts.joined(separator: " ")
    }

    static func usage(_ path: [String], group: [VerbNode]) -> String {
        path.count == 1
            ? "usage: altp VERB [OPTIONS] [ARGUMENTS]"
            : "usage: \(path.joined(separator: " ")) \(group.map(\.name).joined(separator: "|"))"
    }

    static func verb(_ type: any Verb.Type, path: [String]) -> String {
        let declarations = Parser(type).declarations
        var page = "\(type.summary).\n\n\(usage(path, declarations))\n"
        if !type.discussion.isEmpty { page += "\n\(type.discussion)\n" }
        let arguments = declarations.filter { $0.kind == .positional || $0.kind == .remainder }
        page += list("Arguments", arguments.map { ($0.label, explanation($0)) })
        let options = declarations.filter { $0.kind == .flag || $0.kind == .option }
        page += list("Options", options.map { ($0.label, explanation($0)) } + [("-h, --help", "Show this page.")])
        page += list("Examples", type.examples.map { ($0.line, $0.meaning) })
        return page
    }

    static func group(_ node: VerbNode, path: [String]) -> String {
        guard case .group(let children) = node.body else { return "" }
        return "\(node.summary).\n\n\(usage(path, group: children))\n"
            + list("Verbs", children.map { ($0.name, $0.summary) })
            + "\n\(path.joined(separator: " ")) VERB --help says more of each.\n"
    }

    static func root(_ verbs: [VerbNode], isInside: Bool) -> String {
        var page = """
            altp runs chains of ordinary scripts on isolated processing hosts.

            usage: altp VERB [OPTIONS] [ARGUMENTS]

            """
        var sections = VerbNode.Section.allCases
        if isInside { sections = [.inside] + sections.filter { $0 != .inside } }
        for section in sections {
            page += list(section.rawValue, verbs.filter { $0.section == section }.map { ($0.name, $0.summary) })
        }
        return page + """

            altp help VERB, or --help after any verb, says more. altp --version shows the version.

            References
              42               the Processing 42
              42/calibrate     the last attempt of its Script calibrate
              42/calibrate#2   the second attempt

            Exit status
              0    done
              1    what was asked failed, or was refused
              2    the line was not understood
              3    the Launcher cannot be reached
              130  ended by Ctrl-C
              altp run passes on the command's status, see altp help run.

            Environment
              ALTP_SOCKET      the Launcher's socket, instead of /run/altp/altp.sock
              NO_COLOR         any value turns colours off

            """
    }

    private static func explanation(_ declaration: Declaration) -> String {
        var text = declaration.help
        if !declaration.choices.isEmpty { text += " One of \(declaration.choices.joined(separator: ", "))." }
        if declaration.isRepeated, declaration.kind == .option { text += " May be repeated." }
        return text
    }

    /// Two columns; what does not fit in the first gets a line of its own.
    private static func list(_ title: String, _ entries: [(term: String, text: String)]) -> String {
        guard !entries.isEmpty else { return "" }
        let longest = entries.map(\.term.count).filter { $0 <= widestTerm }.max() ?? widestTerm
        var result = "\n\(title)\n"
        for entry in entries {
            let lines = wrap(entry.text, to: 100 - longest)
            let indent = String(repeating: " ", count: longest + 4)
            if entry.term.count > longest {
                result += "  \(entry.term)\n"
                for line in lines { result += "\(indent)\(line)\n" }
            } else {
                let space = String(repeating: " ", count: longest - entry.term.count + 2)
                for (index, line) in lines.enumerated() {
                    result += index == 0 ? "  \(entry.term)\(space)\(line)\n" : "\(indent)\(line)\n"
                }
            }
        }
        return result
    }

    private static let widestTerm = 44

    private static func wrap(_ text: String, to width: Int) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
