import Command
import Configuration
import Glibc
import Sandbox

/// Where a sandbox finds its rootfs.
struct RootfsSource {
    var definitions: [String: RootfsDefinition] = [:]
    var images: ImageStore?
}

/// Names the host folder whose images are meant.
struct HostImagesOption: OptionGroup {
    @Option(
        "config", placeholder: "DIR", help: "The host folder that has the rootfs definitions; /etc/altp unless given.")
    var folder: String?

    var images: HostImages { HostImages(folder: folder) }
}

/// The rootfs definitions of a host folder, and the images in its state folder.
struct HostImages {
    /// Nil for /etc/altp, which may be missing.
    var folder: String?

    var path: String { folder ?? "/etc/altp" }

    /// Reads the folder as far as it can be read; where none is named and there is no /etc/altp, it is an empty one.
    func load() throws(CommandFailure) -> LenientHostFolder {
        let lenient = HostFolder.loadLeniently(path)
        if folder == nil, access("\(path)/altp.yaml", F_OK) != 0, errno == ENOENT || errno == ENOTDIR { return lenient }
        // Without this file it is not known where the images are.
        try refuse(lenient.problems.filter { $0.file == "altp.yaml" || $0.file == "rootfs" })
        return lenient
    }

    /// For a run under a policy.
    func source(for policy: Policy) throws(CommandFailure) -> RootfsSource {
        guard policy.rootfs != "host" else { return RootfsSource() }
        let lenient: LenientHostFolder
        do throws(CommandFailure) {
            lenient = try load()
            _ = try definition(of: policy.rootfs, in: lenient)
        } catch {
            throw CommandFailure(error.description, status: ExitStatus(SandboxedRun.Status.failure))
        }
        return RootfsSource(
            definitions: lenient.folder.rootfs, images: ImageStore(state: lenient.folder.host.state))
    }

    /// - Throws: what is wrong with the definition, or that there is none.
    func definition(of name: String, in lenient: LenientHostFolder) throws(CommandFailure) -> RootfsDefinition {
        if let definition = lenient.folder.rootfs[name] { return definition }
        try refuse(lenient.problems.filter { $0.file == "rootfs/\(name).yaml" })
        throw CommandFailure(
            "there is no \(Printable.line("\(path)/rootfs/\(name).yaml")), which would say what the rootfs "
                + "\(Printable.line(name)) is. altp rootfs list shows what there is.")
    }

    private func refuse(_ problems: [Diagnostic]) throws(CommandFailure) {
        guard !problems.isEmpty else { return }
        throw CommandFailure(Printable.lines(ConfigurationProblems(problems).text(folder: path)))
    }
}
