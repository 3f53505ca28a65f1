import Command
import Configuration
import Glibc
import Linux
import Sandbox

/// `altp rootfs import`
struct RootfsImport: Verb {
    static let name = "import"
    static let summary = "Make an image of a container image in a file or folder of this host"
    static let discussion = """
        The container image is oci:PATH[:TAG], oci-archive:PATH[:TAG] or docker-archive:PATH[:NAME:TAG]. skopeo reads it and
        umoci unpacks it, both in a cage that sees nothing of the host but /usr, the container image, and the folder that is
        filled. rootfs/NAME.yaml is written if there is none, so that policies can name it; where there is one with an
        import, the container image need not be repeated.

        What it was to run is shown by altp rootfs show and not used: a Script is what runs.
        """
    static let examples = [
        Example("altp rootfs import gdal docker-archive:/srv/gdal.tar", "What docker save wrote."),
        Example("altp rootfs import gdal", "Once more, from what rootfs/gdal.yaml says."),
    ]

    @Argument("NAME", help: "The rootfs.") var rootfs: String
    @Argument("IMAGE", help: "The container image; the definition's unless given.") var image: ContainerImage?
    @Flag("verbose", short: "v", help: "Show everything that skopeo and umoci print.") var verbose: Bool
    var folder = HostImagesOption()
    private var host: HostImages { folder.images }

    func validate() throws(UsageError) {
        if rootfs == "host" || !RootfsName.isValid(rootfs) {
            throw UsageError("‘\(Printable.line(rootfs))’ is no name for a rootfs: \(RootfsName.rule)")
        }
    }

    func run(in context: Context) throws {
        let lenient = try host.load()
        let file = "\(lenient.folder.path)/rootfs/\(rootfs).yaml"
        let isNew = access(file, F_OK) != 0
        let image = try isNew ? newImage() : definedImage(lenient)
        guard access(image.path, R_OK) == 0 else {
            throw CommandFailure(
                "cannot read the container image: \(SystemError("access", Printable.line(image.path)))")
        }
        let unpacking = Unpacking(
            image: image, skopeo: try Tool("skopeo", package: "skopeo"), umoci: try Tool("umoci", package: "umoci"))
        let store = ImageStore(state: lenient.folder.host.state)
        try ImageMaking(rootfs, in: store, context: context, isVerbose: verbose).make { making, path in
            let configuration = try unpacking.unpack(into: path, making)
            return ImageRecord(
                source: .imported(image), madeAt: context.now, size: try making.size(of: "\(path)/root"),
                environment: configuration.environment, workingDirectory: configuration.workingDirectory)
        }
        if isNew { try write(image, to: file, context) }
    }

    private func newImage() throws(CommandFailure) -> ContainerImage {
        if let image { return image }
        throw CommandFailure(
            "there is no \(Printable.line("\(host.path)/rootfs/\(rootfs).yaml")) that names a container image: give it as IMAGE."
        )
    }

    private func definedImage(_ lenient: LenientHostFolder) throws(CommandFailure) -> ContainerImage {
        let definition = try host.definition(of: rootfs, in: lenient)
        guard case .imported(let defined) = definition.source else {
            throw CommandFailure(
                "rootfs/\(rootfs).yaml has no `import`: give the container image another name, or remove that file.")
        }
        guard image == nil || image == defined else {
            throw CommandFailure(
                Printable.line(
                    "rootfs/\(rootfs).yaml has `import: \(defined)`: change it there, and leave IMAGE out here."))
        }
        return defined
    }

    private func write(_ image: ContainerImage, to file: String, _ context: Context) throws {
        let folder = "\(host.path)/rootfs"
        var text = "# Written by altp rootfs import, which makes the image anew when it is called again.\nimport: \""
        for character in image.description {
            if character == "\"" || character == "\\" { text.append("\\") }
            text.append(character)
        }
        do throws(SystemError) {
            if mkdir(folder, 0o755) != 0 && errno != EEXIST { throw SystemError("mkdir", folder) }
            let output = try FileDescriptor.open(file, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            try output.writeAll(Array((text + "\"\n").utf8))
        } catch {
            throw CommandFailure(
                Printable.line(
                    "the image is there, and its definition could not be written, without which no policy can name it: "
                        + "\(error). Write it yourself: import: \(image)"))
        }
        try context.output.print("wrote \(Printable.line(file))")
    }
}

extension ContainerImage: ArgumentValue {
    package init?(argument: String) { self.init(parsing: argument) }
}
