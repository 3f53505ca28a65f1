import Command
import Configuration
import Glibc
import Linux
import Sandbox

/// `altp rootfs build`
struct RootfsBuildVerb: Verb {
    static let name = "build"
    static let summary = "Build the image of a definition that has a build, from Debian packages"
    static let discussion = """
        mmdebstrap does it, from the host's own apt sources unless the definition has a mirror; the packages' own scripts
        run as root, as they do when they are installed on the host. The image takes the place of the one before only when
        all of it is there. Sandboxes that run keep the one that they have.
        """
    static let examples = [
        Example("altp rootfs build minimal", "Builds what /etc/altp/rootfs/minimal.yaml says."),
        Example("altp rootfs build python-geo --verbose", "Shows all that mmdebstrap says."),
    ]

    @Argument("NAME", help: "The rootfs.") var rootfs: String
    @Flag("verbose", short: "v", help: "Show everything that mmdebstrap prints.") var verbose: Bool
    var folder = HostImagesOption()
    private var host: HostImages { folder.images }

    func run(in context: Context) throws {
        let lenient = try host.load()
        let definition = try host.definition(of: rootfs, in: lenient)
        guard case .build(let build) = definition.source else {
            throw CommandFailure(
                "the definition of \(Printable.line(rootfs)) has no `build`."
                    + (definition.source.isImage ? " altp rootfs import \(rootfs) makes its image." : ""))
        }
        let tool = try Tool("mmdebstrap", package: "mmdebstrap")
        let suite = try AptSources.suite(of: build)
        let sources = try AptSources.arguments(of: build, suite: suite)
        let store = ImageStore(state: lenient.folder.host.state)
        try ImageMaking(rootfs, in: store, context: context, isVerbose: verbose).make { making, path in
            try making.progress("building \(rootfs) of \(suite) with mmdebstrap")
            let packages = build.packages.isEmpty ? [] : ["--include=\(build.packages.joined(separator: ","))"]
            try making.run(
                tool,
                // The state folder is root's alone, so apt cannot download as a user of its own.
                [
                    "--mode=root", "--format=directory", "--aptopt=APT::Sandbox::User \"root\"",
                    "--variant=\(build.variant.rawValue)",
                ] + packages
                    + [suite, "\(path)/root"] + sources, network: true, phase: Self.phase)
            return ImageRecord(
                source: definition.source, suite: suite, madeAt: context.now,
                size: try making.size(of: "\(path)/root"))
        }
    }

    /// `I: running apt-get update...` and warnings.
    private static func phase(_ line: String) -> String? {
        if line.hasPrefix("I: ") { return String(line.dropFirst(3)) }
        return line.hasPrefix("W: ") ? "caution: \(line.dropFirst(3))" : nil
    }
}

/// Where mmdebstrap gets packages from.
enum AptSources {
    /// The definition's suite, or the host's.
    static func suite(of build: RootfsBuild) throws(CommandFailure) -> String {
        let own = hostSuite
        if let suite = build.suite ?? own { return suite }
        throw CommandFailure(
            "the definition names no suite, and /etc/os-release no VERSION_CODENAME. Add a suite to the definition.")
    }

    /// A mirror, or the host's files.
    static func arguments(of build: RootfsBuild, suite: String) throws(CommandFailure) -> [String] {
        if let mirror = build.mirror { return [mirror] }
        guard suite == hostSuite else {
            throw CommandFailure(
                "the definition asks for \(suite), and this host's apt sources are of \(hostSuite ?? "another release"). "
                    + "Add a mirror to the definition, or leave its suite out.")
        }
        let folder = "/etc/apt/sources.list.d"
        let names = self.names(in: folder)
        let files =
            ["/etc/apt/sources.list"]
            + names.filter { $0.hasSuffix(".sources") || $0.hasSuffix(".list") }.sorted().map { "\(folder)/\($0)" }
        let readable = files.filter { access($0, R_OK) == 0 }
        guard !readable.isEmpty else {
            throw CommandFailure("this host has no apt sources in /etc/apt. Add a mirror to the definition.")
        }
        return readable
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = try? FileDescriptor.open(folder, O_RDONLY | O_DIRECTORY),
            let names = try? DirectoryEntries.read(directory.raw, path: folder)
        else { return [] }
        return names.map { String(decoding: $0.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    }

    private static var hostSuite: String? {
        for line in ((try? readFile("/etc/os-release")) ?? "").split(separator: "\n") {
            guard line.hasPrefix("VERSION_CODENAME=") else { continue }
            return line.dropFirst("VERSION_CODENAME=".utf8.count).filter { $0 != "\"" }
        }
        return nil
    }
}
