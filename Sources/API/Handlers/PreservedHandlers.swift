import FoundationEssentials
import Launcher
import Sandbox
import Store
import Wire

extension APIService {
    func showChanges(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (id, script, number) = try Self.attempt(call)
        let (attempt, changes) = try await launched { () async throws(LauncherError) in
            try await launcher.changes(processing: id, script: script, number: number)
        }
        let reference = Reference(
            processing: id, script: attempt.record.script, attempt: attempt.record.number)
        return .json(ChangesView(reference: reference, trees: changes.trees.map(ChangesView.Tree.init)))
    }

    func exportAttempt(_ call: Call) async throws(Problem) -> HTTPResponse {
        let (id, script, number) = try Self.attempt(call)
        let withRootfs = try call.query.integer("rootfs", in: 0...1, default: 0) == 1
        let form: ExportForm
        switch call.query.first("form") ?? "bundle" {
        case "bundle": form = .bundle(withRootfs: withRootfs)
        case "oci": form = .oci
        default: throw Query.wrong("form", "must be bundle or oci")
        }
        let export = try await launched { () async throws(LauncherError) in
            try await launcher.export(
                processing: id, script: script, number: number, as: form, by: "altp \(ProductVersion.current)")
        }
        let log = log
        let stream = ResponseStream { output in
            do throws(SandboxError) {
                try export.write(to: output)
                return true
            } catch {
                log("api: exporting \(export.attempt.reference): \(error)")
                return false
            }
        } isOver: {
            Task { await export.end() }
        }
        guard let stream else {
            await export.end()
            throw Problems.unavailable("The Launcher has no more descriptors to export with; try again later.")
        }
        return HTTPResponse(status: 200, headers: [.init("Content-Type", "application/x-tar")], stream: stream)
    }

    private static func attempt(_ call: Call) throws(Problem) -> (id: Int64, script: String, number: Int) {
        (
            try identifier(call.captures["id"], of: "Processing"), call.captures["script"] ?? "",
            Int(try identifier(call.captures["number"], of: "attempt"))
        )
    }
}

extension ChangesView.Tree {
    init(_ tree: AttemptChanges.Tree) {
        let place =
            switch tree.place {
            case .scratch: "/scratch"
            case .processing: "/processing"
            case .root: "/"
            }
        self.init(
            place: place, changes: tree.changes.map(ChangesView.Change.init), cut: tree.isCut, obstacle: tree.obstacle)
    }
}

extension ChangesView.Change {
    init(_ change: AttemptChanges.Change) {
        let entry = change.entry
        let isText = String(validating: entry.path, as: UTF8.self) != nil
        self.init(
            change: change.kind.rawValue, path: entry.pathText,
            pathBase64: isText ? nil : Data(entry.path).base64EncodedString(), kind: entry.kind.rawValue,
            size: entry.size, sizeBefore: change.before?.size, mode: Int(entry.mode),
            modifiedAt: Timestamp(milliseconds: entry.modified.milliseconds), later: change.isLater)
    }
}
