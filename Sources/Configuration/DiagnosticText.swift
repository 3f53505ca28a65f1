extension Diagnostic {
    /// The finding, and below it its line of the file with a mark, as compilers show it.
    ///
    /// - Parameter source: the file's content; nil leaves the line out.
    package func text(source: String?) -> String {
        guard line > 0, let shown = source.flatMap({ Self.line(line, of: $0) }) else { return description }
        guard column > 0, column <= Self.widest else { return "\(description)\n    \(shown)" }
        return "\(description)\n    \(shown)\n    \(String(repeating: " ", count: column - 1))^"
    }

    /// Characters of a line that are shown.
    private static let widest = 200

    /// One line, with a blank for every character that a terminal would act on, so that columns stay where they are.
    private static func line(_ number: Int, of source: String) -> String? {
        var lines = [String.UnicodeScalarView()]
        var previous: Unicode.Scalar?
        for scalar in source.unicodeScalars {
            if scalar == "\n", previous == "\r" {
            } else if isLineBreak(scalar) {
                if lines.count == number { break }
                lines.append(String.UnicodeScalarView())
            } else if lines.count == number, !(previous == nil && scalar == "\u{feff}") {
                lines[number - 1].append(String.isHazard(scalar) ? " " : scalar)
                if lines[number - 1].count == widest { break }
            }
            previous = scalar
        }
        return lines.count == number ? String(lines[number - 1]) : nil
    }

    /// As YAML 1.1, and so libyaml, counts lines.
    static func isLineBreak(_ scalar: Unicode.Scalar) -> Bool {
        ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}"].contains(scalar)
    }
}

extension ConfigurationProblems {
    /// All findings, each with its line of the file.
    ///
    /// - Parameter folder: the host folder, to which the findings' files are relative.
    package func text(folder: String) -> String {
        var sources: [String: String] = [:]
        return diagnostics.map { diagnostic in
            let file = diagnostic.file
            if sources[file] == nil {
                let content = try? ConfigurationFile.read("\(folder)/\(file)", shownAs: file)
                sources[file] = String(decoding: content ?? [], as: UTF8.self)
            }
            return diagnostic.text(source: sources[file])
        }.joined(separator: "\n")
    }
}
