import Command
import Configuration
import FoundationEssentials
import Sandbox
import Wire

/// `altp rootfs list`
struct RootfsList: Verb {
    static let name = "list"
    static let summary = "List the root file systems that policies can name"
    static let discussion = """
        The host's own, the definitions of the host folder, and images that have no definition any more. One that is
        missing is still to be built or imported; of one that is changed the definition says something else than when its
        image was made.
        """
    static let examples = [Example("altp rootfs list", "With the images' sizes and ages.")]

    var format = FormatOptions()
    var folder = HostImagesOption()

    func run(in context: Context) throws {
        let (lenient, rows) = try folder.images.rows()
        for problem in lenient.problems where problem.file.hasPrefix("rootfs/") {
            try context.errors.print("altp rootfs: caution: \(Printable.line(problem.description))")
        }
        guard format.format == .table else { return try context.printRootfs(rows) }
        var table = Table([
            .init("NAME"), .init("KIND"), .init("STATE"), .init("SIZE", alignsRight: true),
            .init("AGE", alignsRight: true), .init("SOURCE", flexible: 16), .init("DESCRIPTION", flexible: 10),
        ])
        for row in rows {
            table.add([
                .init(row.name), .init(row.kind), row.stateCell, .init(row.sizeText ?? "-"),
                .init(row.madeAt.map { TimeText.age(of: $0.milliseconds, at: context.now) } ?? "-"), .init(row.source),
                .init(row.description ?? ""),
            ])
        }
        try context.print(table)
    }
}

/// `altp rootfs show`
struct RootfsShow: Verb {
    static let name = "show"
    static let summary = "Show a root file system: what it is made of, its image's size, date and place"
    static let examples = [Example("altp rootfs show python-geo", "Also says whether its definition has changed.")]

    @Argument("NAME", help: "The rootfs.") var rootfs: String
    var format = FormatOptions()
    var folder = HostImagesOption()

    func run(in context: Context) throws {
        let (lenient, rows) = try folder.images.rows()
        guard let row = rows.first(where: { $0.name == rootfs }) else {
            _ = try folder.images.definition(of: rootfs, in: lenient)
            return
        }
        guard format.format == .table else { return try context.printRootfs(row) }
        var facts: [(name: String, value: String)] = [("Kind", row.kind), ("Source", row.source)]
        func add(_ name: String, _ value: String?) { if let value { facts.append((name, value)) } }
        add("Description", row.description)
        add("State", row.stateText)
        add("Suite", row.suite)
        add("Size", row.sizeText)
        add("Made", row.madeAt.map { TimeText.full($0.milliseconds) })
        add("Path", row.path)
        add("In use", row.formerVersions.map { "\($0) replaced before, and still in use by sandboxes" })
        add("Working dir", row.workingDirectory)
        for variable in row.environment ?? [] { add("Variable", variable) }
        try context.output.print("\(row.name)\n\(FactList.render(facts, style: context.output.style))", terminator: "")
    }
}

extension RootfsRow {
    fileprivate var stateCell: Table.CellText {
        switch state {
        case .ready: "ready"
        case .missing, .orphaned: .init(state.rawValue, .dim)
        case .changed: .init(state.rawValue, .yellow)
        }
    }

    fileprivate var stateText: String {
        let verb = kind == "import" ? "import" : "build"
        switch state {
        case .ready: return "ready"
        case .missing: return "missing: altp rootfs \(verb) \(name) makes its image"
        case .changed:
            return "changed: the definition is newer than the image; altp rootfs \(verb) \(name) makes it anew"
        case .orphaned: return "orphaned: there is no definition; altp rootfs remove \(name) removes the image"
        }
    }

    /// In round numbers.
    fileprivate var sizeText: String? {
        size.map { size in
            size >= 10 << 30 ? "\(size >> 30)G" : "\(max(1, size >> 20))M"
        }
    }
}

extension Context {
    fileprivate func printRootfs(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try output.print(String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}

extension HostImages {
    /// All of the host, and what its folder says.
    fileprivate func rows() throws -> (LenientHostFolder, [RootfsRow]) {
        let lenient = try load()
        let rows = try images { () throws(SandboxError) in
            try RootfsRow.all(lenient.folder, ImageStore(state: lenient.folder.host.state))
        }
        return (lenient, rows)
    }
}

/// Runs what works on images, and turns its failure into the command's.
func images<Result>(_ body: () throws(SandboxError) -> Result) throws(CommandFailure) -> Result {
    do throws(SandboxError) {
        return try body()
    } catch {
        throw CommandFailure(Printable.lines(error.description))
    }
}
