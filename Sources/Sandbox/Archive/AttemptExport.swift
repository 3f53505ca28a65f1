import Configuration
import Glibc
import Linux
import SandboxPlan

/// What an attempt is exported as.
package enum ExportForm: Sendable, Hashable {
    /// For `altp run --bundle`.
    case bundle(withRootfs: Bool)
    /// For a runtime of the Open Container Initiative.
    case oci
}

extension SandboxEngine {
    /// Makes ready what an attempt's archive is written from. The attempt must have ended.
    ///
    /// - Parameter program: which altp this is.
    package func export(
        of attempt: AttemptDirectory, as form: ExportForm, by program: String
    ) async throws(SandboxError) -> Archive {
        try await run { () throws(SandboxError) in
            let export = try AttemptExport(of: attempt, images: self.settings.images)
            switch form {
            case .bundle(let withRootfs): return try export.bundle(withRootfs: withRootfs, program: program)
            case .oci: return try export.oci()
            }
        }
    }
}

/// An attempt with all that its archive can hold.
struct AttemptExport {
    let attempt: AttemptDirectory
    let specification: SandboxSpecification
    let plan: Plan
    let trees: PreservedTrees
    /// The image below its changes; nil where that is the host.
    let lower: String?
    let hold: ImageHold?

    init(of attempt: AttemptDirectory, images: ImageStore?) throws(SandboxError) {
        self.attempt = attempt
        trees = try PreservedTrees(of: attempt)
        specification = trees.specification
        plan = try attempt.readPlan()
        var lowers: [String] = []
        for case .makeOverlayRoot(_, let layers, _) in plan.steps { lowers.append(layers.lower) }
        lower = lowers.first
        hold = try lower.flatMap { path throws(SandboxError) in try images?.hold(root: path) }
    }

    func bundle(withRootfs: Bool, program: String) throws(SandboxError) -> Archive {
        guard !withRootfs || lower != nil else {
            throw SandboxError("its rootfs is the host's own, of which there is no image to put into a bundle")
        }
        var bare = specification
        (bare.processingDirectory, bare.scriptsDirectory, bare.socketDirectory) = (nil, nil, nil)
        let name = specification.policy.rootfs
        let description = BundleDescription(
            program: program, specification: bare, seccompProfile: try seccompProfile(),
            rootfs: .init(
                name: name, identity: lower.flatMap(BundleDescription.identity(root:)),
                system: lower == nil ? BundleDescription.system() : nil, isIncluded: withRootfs),
            hasProcessing: trees[.processing] != nil, hasScripts: specification.scriptsDirectory != nil)
        var archive = Archive()
        archive.hold = hold
        archive.files = [ArchiveFile(BundleDescription.fileName, .file(try description.encoded()), mode: 0o600)]
        try add(to: &archive, evidence: true)
        if withRootfs { try addRootfs(to: &archive) }
        return archive
    }

    private func seccompProfile() throws(SandboxError) -> String? {
        guard case .file(let path) = specification.policy.seccomp else { return nil }
        do throws(SystemError) {
            return String(decoding: try readFileBytes(path), as: UTF8.self)
        } catch {
            throw SandboxError("reading the seccomp profile that its policy names: \(error)")
        }
    }

    /// - Parameter evidence: also what a rerun does not need.
    func add(to archive: inout Archive, evidence: Bool) throws(SandboxError) {
        do throws(SystemError) {
            if evidence {
                let records = ["outcome.json", "log", "plan", "baseline", "events.jsonl"].filter {
                    access("\(attempt.path)/\($0)", F_OK) == 0
                }
                archive.sections.append(ArchiveSection(try Self.open(attempt.path), records))
            }
            for tree in trees.trees {
                let name =
                    switch tree.place {
                    case .scratch: "scratch"
                    case .processing: "processing"
                    case .root: "upper"
                    }
                guard evidence || tree.place == .processing else { continue }
                let parent = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY, at: tree.parent.raw)
                archive.sections.append(ArchiveSection(parent, [tree.name], as: name))
            }
            if let scripts = specification.scriptsDirectory {
                let place = PathParts(scripts)
                archive.sections.append(ArchiveSection(try Self.open(place.parent), [place.name], as: "scripts"))
            }
        } catch {
            throw SandboxError("exporting \(specification.reference): \(error)")
        }
    }

    /// Its devices are left out: no sandbox uses an image's.
    func addRootfs(to archive: inout Archive) throws(SandboxError) {
        guard let lower else { return }
        do throws(SystemError) {
            archive.sections.append(ArchiveSection(try Self.open(lower), ["."], as: "rootfs"))
        } catch {
            throw SandboxError("opening the rootfs of \(specification.reference): \(error)")
        }
        archive.excluded += ["./dev/*"]
    }

    static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
    }
}
