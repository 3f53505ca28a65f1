import Command
import Configuration
import FoundationEssentials
import Glibc
import Linux

/// A container image into a directory. Its makers may be anybody, so what reads it is caged.
struct Unpacking {
    let image: ContainerImage
    let skopeo: Tool
    let umoci: Tool

    /// How the image's makers meant it to run.
    struct Configuration {
        var environment: [String] = []
        var workingDirectory: String?
    }

    /// Makes `root` in this folder, and needs some more of it on the way.
    func unpack(into folder: String, _ making: ImageMaking) throws -> Configuration {
        for name in ["cage", "tmp"] where mkdir("\(folder)/\(name)", 0o700) != 0 {
            throw CommandFailure("\(SystemError("mkdir", "\(folder)/\(name)"))")
        }
        try making.progress("reading \(image) with skopeo")
        let source = "\(image.transport.rawValue):/in/image\(image.reference.map { ":\($0)" } ?? "")"
        try run(
            [skopeo.path, "--insecure-policy", "--tmpdir", "/work/tmp", "copy", source, "oci:/work/layout:image"],
            of: skopeo, folder, making)
        try making.progress("unpacking it with umoci")
        try run(
            [umoci.path, "raw", "unpack", "--image", "/work/layout:image", "/work/root"], of: umoci, folder, making)
        return try Layout(path: "\(folder)/layout").configuration()
    }

    private func run(_ command: [String], of tool: Tool, _ folder: String, _ making: ImageMaking) throws {
        // What goes wrong is called the tool's: it is by far the likeliest.
        try making.run(
            Tool(name: tool.name, package: tool.package, path: "/bin/sh"),
            ["-c", Cage.script, command[0], "\(folder)/cage", image.path, folder, Cage.unpacking + ",+mknod"] + command,
            network: false)
    }
}

/// A folder in the OCI's image layout that skopeo wrote: its content is the image makers'.
private struct Layout {
    let path: String

    private struct Descriptor: Decodable { var digest: String }
    private struct Index: Decodable { var manifests: [Descriptor] }
    private struct Manifest: Decodable { var config: Descriptor }
    private struct Image: Decodable {
        struct Config: Decodable {
            var environment: [String]?
            var workingDirectory: String?

            enum CodingKeys: String, CodingKey {
                case environment = "Env"
                case workingDirectory = "WorkingDir"
            }
        }
        var config: Config?
    }

    func configuration() throws -> Unpacking.Configuration {
        do {
            guard let manifest = try read(Index.self, "index.json").manifests.first else {
                return Unpacking.Configuration()
            }
            let configuration = try blob(Image.self, try blob(Manifest.self, manifest).config).config
            let directory = configuration?.workingDirectory
            return Unpacking.Configuration(
                environment: configuration?.environment ?? [],
                workingDirectory: directory?.isEmpty == false ? directory : nil)
        } catch {
            throw CommandFailure(Printable.line("reading the container image's configuration: \(error)"))
        }
    }

    private func blob<Value: Decodable>(_ type: Value.Type, _ descriptor: Descriptor) throws -> Value {
        let parts = descriptor.digest.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, parts[0] == "sha256", parts[1].allSatisfy(\.isHexDigit) else {
            throw SystemError("read the blob", descriptor.digest, number: EINVAL)
        }
        return try read(type, "blobs/sha256/\(parts[1])")
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let file = try FileDescriptor.openWithoutLinks(name, O_RDONLY | O_NONBLOCK, at: folder.raw)
        return try JSONDecoder().decode(type, from: Data(try file.readAll(limit: 1 << 20)))
    }
}
