/// One thing that `altp` does. Its flags, options and arguments are properties wrapped in `Flag`, `Option` and `Argument`.
package protocol Verb {
    init()
    static var name: String { get }
    /// One line, without a full stop.
    static var summary: String { get }
    /// What the summary leaves open, in whole paragraphs.
    static var discussion: String { get }
    /// Lines to type, and what each does.
    static var examples: [Example] { get }
    /// What the declarations cannot say: options that exclude each other, for one.
    func validate() throws(UsageError)
    /// Does it. Prints to the context; ends with another status than 0 by throwing `CommandFailure` or `ExitStatus`.
    func run(in context: Context) throws
}

extension Verb {
    package static var discussion: String { "" }
    package static var examples: [Example] { [] }
    package func validate() throws(UsageError) {}
}

/// A line to type and what it does, for the help page.
package struct Example: Sendable {
    package var line: String
    package var meaning: String

    package init(_ line: String, _ meaning: String) {
        self.line = line
        self.meaning = meaning
    }
}

/// The tree of what can be typed after `altp`.
package struct VerbNode {
    package enum Body {
        case verb(any Verb.Type)
        case group([VerbNode])
    }

    package var name: String
    package var summary: String
    package var body: Body
    /// The heading in the list of verbs; only the top level has them.
    package var section: Section

    package enum Section: String, Sendable, CaseIterable {
        case host = "The host"
        case work = "Tasks, Events and Processings"
        case failure = "When it fails"
        case inside = "From inside a Script"
        case sandbox = "Sandboxes"
    }

    package init(_ verb: any Verb.Type, as name: String? = nil, section: Section = .work) {
        self.name = name ?? verb.name
        self.summary = verb.summary
        self.body = .verb(verb)
        self.section = section
    }

    package init(group name: String, summary: String, section: Section = .work, _ children: [VerbNode]) {
        self.name = name
        self.summary = summary
        self.body = .group(children)
        self.section = section
    }
}
