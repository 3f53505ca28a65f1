import FoundationEssentials
import Glibc
package import Linux
import SandboxPlan

/// What a bundle begins with, `bundle.json`: all that a rerun elsewhere needs beside the files. See docs/export.md.
package struct BundleDescription: Sendable, Codable {
    /// What the attempt's root was made of.
    package struct Rootfs: Sendable, Codable, Hashable {
        /// `host`, or the name of a definition.
        package var name: String
        /// Of an image, the SHA-256 of its `image.json`, which differs when any other was made.
        package var identity: String?
        /// Of the host's: what its os-release calls it.
        package var system: String?
        /// Its files are in the bundle.
        package var isIncluded: Bool
    }

    package static let fileName = "bundle.json"
    package static let currentVersion = 1
    static let largest = 4 << 20

    /// Goes up when an earlier altp could not rerun it rightly.
    package var version = currentVersion
    /// Which altp wrote it.
    package var program: String
    /// Host paths in it are those of the host that it was made on.
    package var specification: SandboxSpecification
    /// The content of the file that the policy's `seccomp` names.
    package var seccompProfile: String?
    package var rootfs: Rootfs
    package var hasProcessing: Bool
    package var hasScripts: Bool

    package static func system() -> String? {
        let text = (try? readFile("/usr/lib/os-release")) ?? ""
        for line in text.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
            return String(line.dropFirst("PRETTY_NAME=".count).filter { $0 != "\"" })
        }
        return nil
    }

    /// That of the image whose root this is; nil when it is none.
    static func identity(root: String) -> String? {
        guard root.hasSuffix("/root"), let record = try? readFileBytes("\(root.dropLast(5))/image.json") else {
            return nil
        }
        var digest = SHA256()
        digest.add(record)
        return digest.finish()
    }

    /// That of the image that sandboxes get now.
    package static func identity(of name: String, in images: ImageStore) -> String? {
        (try? images.image(name)).flatMap { identity(root: $0.root) }
    }

    init(
        program: String, specification: SandboxSpecification, seccompProfile: String?, rootfs: Rootfs,
        hasProcessing: Bool, hasScripts: Bool
    ) {
        self.program = program
        self.specification = specification
        self.seccompProfile = seccompProfile
        self.rootfs = rootfs
        self.hasProcessing = hasProcessing
        self.hasScripts = hasScripts
    }

    func encoded() throws(SandboxError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        do {
            return Array(try encoder.encode(self)) + [10]
        } catch {
            throw SandboxError("describing the bundle: \(error)")
        }
    }

    /// Reads what an archive begins with. Its maker may be anybody.
    package init(archive: borrowing FileDescriptor, path: String) throws(SandboxError) {
        do {
            let header = try Self.read(archive, 512, at: 0, path)
            guard let length = ArchiveFile.length(of: Self.fileName, header: header, limit: Self.largest) else {
                throw SandboxError(
                    "it does not begin with \(Self.fileName). Make a bundle with altp export REF; what altp export --oci "
                        + "writes is for OCI runtimes")
            }
            let content = try Self.read(archive, length, at: 512, path)
            struct Version: Decodable { var version: Int }
            let version = try JSONDecoder().decode(Version.self, from: Data(content)).version
            guard version == Self.currentVersion else {
                throw SandboxError(
                    "it is of version \(version), and this altp knows \(Self.currentVersion): use the altp that made it"
                )
            }
            self = try JSONDecoder().decode(BundleDescription.self, from: Data(content))
        } catch {
            throw SandboxError("reading the bundle \(path): \(error)")
        }
    }

    private static func read(
        _ file: borrowing FileDescriptor, _ count: Int, at offset: Int, _ path: String
    ) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try check("pread", path) {
            bytes.withUnsafeMutableBytes { pread(file.raw, $0.baseAddress!, $0.count, off_t(offset)) }
        }
        return Array(bytes[..<got])
    }
}
