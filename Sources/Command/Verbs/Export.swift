import Configuration
import Glibc
import Wire

struct Export: Verb {
    static let name = "export"
    static let summary = "Write all that is needed to rerun an attempt elsewhere into one file"
    static let discussion = """
        The file is a tar archive with the attempt's specification and policy, its scripts, /processing as it is now, and as
        evidence its /scratch, changes of the rootfs, log and outcome. altp run --bundle FILE reruns it: with an empty
        /scratch and an unchanged rootfs, as any attempt begins. The rootfs itself is named; --with-rootfs brings it along.

        With --oci it is a bundle for OCI runtimes such as runc: config.json, rootfs and what is mounted into it. These know
        no wall_time, cpu_time, disk and inodes, which hold no longer. docs/export.md says more.
        """
    static let examples = [
        Example("altp export 42", "Of the Script that failed, into 42-calibrate-1.tar."),
        Example("altp export 42/calibrate --with-rootfs -o case.tar", "For a host that has not this rootfs."),
        Example(
            "altp export 42 --oci -o case.tar",
            "To run it by runc: unpack it as root, with its owners, and see docs/export.md."),
    ]

    @Argument("REF", help: "The Processing, Script or attempt, such as 42, 42/calibrate or 42/calibrate#2.")
    var reference: Reference
    @Option("output", short: "o", placeholder: "FILE", help: "Where to write it; - for the standard output.")
    var output: String?
    @Flag("oci", help: "Write a bundle for OCI runtimes.") var oci: Bool
    @Flag("with-rootfs", help: "Put the files of the rootfs into the bundle.") var withRootfs: Bool
    var launcher = LauncherOptions()

    func validate() throws(UsageError) {
        if oci, withRootfs { throw UsageError("--with-rootfs: with --oci the rootfs is always there") }
    }

    func run(in context: Context) throws {
        let interruption = Interruption.install()
        let client = launcher.client(context, interruption: interruption)
        let attempt = try client.attempt(reference)
        var query: [HTTPRequest.QueryItem] = []
        if oci { query.append(.init(name: "form", value: "oci")) }
        if withRootfs { query.append(.init(name: "rootfs", value: "1")) }
        let request = HTTPRequest(
            method: "GET", path: "\(WirePath.root)\(LauncherClient.path(of: attempt))/export", query: query)
        if oci {
            try context.errors.print(
                "altp export: caution: OCI runtimes do not hold wall_time, cpu_time, disk, inodes and io limits")
        }
        if output == "-" { return try client.download(request) { try context.output.write($0) } }
        let form = oci ? "-oci" : ""
        let name = output ?? "\(attempt.processing)-\(attempt.script ?? "")-\(attempt.attempt ?? 0)\(form).tar"
        let file = try DraftFile(for: name)
        var progress = DownloadProgress(context)
        do {
            try client.download(request) { piece in
                try file.output.write(piece)
                try progress.add(piece.count)
            }
            try progress.finish()
            try file.publish()
        } catch {
            file.discard()
            try? progress.finish()
            throw error
        }
        try context.output.print("\(attempt) is in \(Printable.line(name)), \(SizeText.short(progress.bytes))")
    }
}

/// A file that appears under its name when all of it is there.
private struct DraftFile {
    let output: Output
    private let name: String
    private let draft: String

    init(for name: String) throws(CommandFailure) {
        self.name = name
        draft = "\(name).\(getpid()).part"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.failure("open", draft) }
        output = Output(descriptor: descriptor, colour: false)
    }

    /// On the disk before it has its name.
    func publish() throws(CommandFailure) {
        guard fsync(output.descriptor) == 0 else { throw Self.failure("fsync", draft) }
        guard rename(draft, name) == 0 else { throw Self.failure("rename", name) }
        close(output.descriptor)
    }

    func discard() {
        unlink(draft)
        close(output.descriptor)
    }

    private static func failure(_ call: String, _ path: String) -> CommandFailure {
        CommandFailure("cannot write \(Printable.line(path)): \(call): \(String(cString: strerror(errno)))")
    }
}

/// How much has come, on a terminal.
private struct DownloadProgress {
    private(set) var bytes: Int64 = 0
    private let context: Context
    private var shownAt = 0

    init(_ context: Context) { self.context = context }

    mutating func add(_ count: Int) throws {
        bytes += Int64(count)
        guard context.errors.isTerminal, MonotonicTime.now - shownAt > 200 else { return }
        shownAt = MonotonicTime.now
        try context.errors.print("\r\u{1B}[K\(SizeText.short(bytes))", terminator: "")
    }

    func finish() throws {
        if shownAt > 0 { try context.errors.print("\r\u{1B}[K", terminator: "") }
    }
}
