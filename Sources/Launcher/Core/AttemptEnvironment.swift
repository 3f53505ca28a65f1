/// What an attempt's variables are made of.
package struct AttemptEnvironment: Sendable, Hashable {
    package var processing: Int64
    package var task: String
    package var script: String
    package var attempt: Int
    /// A JSON object; nil when no Event caused the Processing.
    package var event: String?
    package var parameters: Parameters
    /// The Task's `environment`, which the Script's outranks; both outrank all but `ALTP_…`.
    package var taskEnvironment: [String: String]
    package var scriptEnvironment: [String: String]
    package var places = Places()

    /// Where the Script finds what is its own.
    package struct Places: Sendable, Hashable {
        package var home = "/scratch"
        package var temporary = "/tmp"
        package var events = "/run/altp-events"
        /// The folder of its Task's scripts.
        package var scripts: String? = "/scripts"

        package init() {}
    }

    package init(
        processing: Int64, task: String, script: String, attempt: Int, event: String?, parameters: Parameters,
        taskEnvironment: [String: String], scriptEnvironment: [String: String]
    ) {
        self.processing = processing
        self.task = task
        self.script = script
        self.attempt = attempt
        self.event = event
        self.parameters = parameters
        self.taskEnvironment = taskEnvironment
        self.scriptEnvironment = scriptEnvironment
    }

    private var base: [String: String] {
        [
            "TMPDIR": places.temporary, "HOME": places.home,
            "PATH": (places.scripts.map { "\($0):" } ?? "") + "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8",
            // Else what a Script prints stays in its buffer until it ends, and `altp logs -f` shows nothing.
            "PYTHONUNBUFFERED": "1",
        ]
    }

    /// `PARAM_` and the parameter's name in upper case, with `_` for what a variable's name cannot contain.
    package static func variable(for parameter: String) -> String {
        "PARAM_"
            + String(
                String.UnicodeScalarView(
                    parameter.uppercased().unicodeScalars.map { scalar in
                        ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) ? scalar : "_"
                    }))
    }

    /// The whole environment; a sandbox inherits nothing.
    package func variables() throws(ParameterError) -> [String: String] {
        var variables = base
        for (name, value) in parameters.values { variables[Self.variable(for: name)] = value }
        var problems: [ParameterProblem] = []
        for (name, value) in (taskEnvironment.sorted { $0.key < $1.key } + scriptEnvironment.sorted { $0.key < $1.key })
        {
            if let message = Self.objection(to: name, value) {
                problems.append(ParameterProblem(field: "environment.\(name)", message: message))
            }
            variables[name] = value
        }
        guard problems.isEmpty else { throw ParameterError(problems: problems) }
        variables["ALTP_PROCESSING"] = "\(processing)"
        variables["ALTP_TASK"] = task
        variables["ALTP_SCRIPT"] = script
        variables["ALTP_ATTEMPT"] = "\(attempt)"
        variables["ALTP_EVENTS"] = places.events
        variables["ALTP_EVENT"] = event
        return variables
    }

    private static func objection(to name: String, _ value: String) -> String? {
        if name.isEmpty || name.contains("=") || name.utf8.contains(0) {
            return "a variable's name is not empty and contains neither `=` nor NUL"
        }
        if name.hasPrefix("ALTP_") { return "variables that begin with ALTP_ are set by the Launcher alone" }
        return value.utf8.contains(0) ? "the value contains a NUL character, which no variable can" : nil
    }
}

/// The bounds of execve(2), checked before a sandbox is made, so that E2BIG gets a field and figures.
package enum ExecBounds {
    /// MAX_ARG_STRLEN, 32 pages: one argument or one `NAME=value`, its NUL included.
    package static let string = 131_072
    /// A quarter of the default 8 MiB stack is what all strings and pointers together may take; the rest is for the
    /// kernel's own and for an interpreter line.
    package static let total = 2_097_152 - 65_536

    package static func check(arguments: [String], environment: [String: String]) throws(ParameterError) {
        var problems: [ParameterProblem] = []
        var sum = 0
        func count(_ bytes: Int, field: String) {
            sum += bytes + MemoryLayout<UInt>.size
            if bytes > string {
                problems.append(
                    ParameterProblem(
                        field: field, message: "takes \(bytes) bytes; the kernel passes at most \(string) in one piece")
                )
            }
        }
        for (index, argument) in arguments.enumerated() { count(argument.utf8.count + 1, field: "run[\(index)]") }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            count(name.utf8.count + value.utf8.count + 2, field: "environment.\(name)")
        }
        if sum > total {
            problems.append(
                ParameterProblem(
                    field: "run",
                    message: "arguments and environment take \(sum) bytes together; the kernel passes at most \(total)")
            )
        }
        guard problems.isEmpty else { throw ParameterError(problems: problems) }
    }
}
