package import Configuration
import FoundationEssentials
import Glibc
import Linux

/// The rootfs images of a host, those of `altp rootfs build` and `altp rootfs import`.
///
/// `FOLDER/NAME/VERSION/root` is an image's file system, `FOLDER/NAME/current` a link to the version that new sandboxes
/// get. A version never changes; a sandbox holds a shared lock on `VERSION/lock` as long as its pid 1 lives, and what
/// removes a version takes an exclusive one first.
package struct ImageStore: Sendable {
    package let folder: String

    /// - Parameter state: the host's state folder.
    package init(state: String) { folder = "\(state)/rootfs" }

    func place(of name: String) -> String { "\(folder)/\(name)" }

    /// The image that sandboxes get now; nil when there is none.
    package func image(_ name: String) throws(SandboxError) -> StoredImage? {
        guard let version = currentVersion(of: name) else { return nil }
        return try StoredImage(path: "\(place(of: name))/\(version)")
    }

    /// The names of those that there are.
    package func names() -> [String] {
        Self.entries(folder).filter { currentVersion(of: $0) != nil }
    }

    /// How many versions are kept only because sandboxes still use them.
    package func formerVersions(of name: String) -> Int {
        let current = currentVersion(of: name)
        return versions(of: name).count { $0 != current }
    }

    func currentVersion(of name: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes {
            readlink("\(place(of: name))/current", $0.baseAddress!, $0.count)
        }
        guard count > 0 else { return nil }
        let version = String(decoding: buffer[..<count], as: UTF8.self)
        return Int(version) == nil ? nil : version
    }

    /// Versions are numbered from 1.
    func versions(of name: String) -> [String] {
        Self.entries(place(of: name)).filter { Int($0) != nil }
    }

    static func entries(_ path: String, most: Int = 10_000) -> [String] {
        guard let directory = try? FileDescriptor.open(path, O_RDONLY | O_DIRECTORY),
            let names = try? DirectoryEntries.read(directory.raw, path: path, most: most)
        else { return [] }
        return names.map { name in
            String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }.sorted()
    }

    /// Keeps the version of an image whose root this is from being removed; nil when it is none of these.
    func hold(root: String) throws(SandboxError) -> ImageHold? {
        guard root.hasPrefix("\(folder)/"), root.hasSuffix("/root") else { return nil }
        guard let lock = try? FileDescriptor.open("\(root.dropLast(5))/lock", O_RDONLY | O_NOFOLLOW),
            flock(lock.raw, LOCK_SH | LOCK_NB) == 0, access(root, F_OK) == 0
        else {
            throw SandboxError(
                "finding the image \(root): this version of it is gone, and with it what the attempt had below its "
                    + "changes. Rerun it, which takes the version of today")
        }
        return ImageHold(lock)
    }

    /// Keeps the image that sandboxes get now from being removed.
    ///
    /// - Returns: its root and the lock.
    func hold(_ name: String) throws(SandboxError) -> (root: String, hold: ImageHold) {
        // It may be replaced and removed between the reading of the link and the taking of the lock.
        for _ in 0..<10 {
            guard let version = currentVersion(of: name) else { break }
            let path = "\(place(of: name))/\(version)"
            guard let lock = try? FileDescriptor.open("\(path)/lock", O_RDONLY | O_NOFOLLOW) else { continue }
            var status = stat()
            guard flock(lock.raw, LOCK_SH | LOCK_NB) == 0, fstat(lock.raw, &status) == 0, status.st_nlink > 0
            else { continue }
            return ("\(path)/root", ImageHold(lock))
        }
        throw SandboxError(
            "finding the image of the rootfs \(name) in \(folder): there is none. Make it with altp rootfs build \(name), or "
                + "with altp rootfs import \(name) when its definition has an `import`")
    }
}

/// Keeps a version of an image, for as long as this or a process that has inherited the descriptor lives.
final class ImageHold: Sendable {
    let descriptor: FileDescriptor

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

/// A version of an image.
package struct StoredImage: Sendable {
    package let path: String
    package let record: ImageRecord

    package var root: String { "\(path)/root" }

    init(path: String) throws(SandboxError) {
        self.path = path
        do {
            record = try JSONDecoder().decode(
                ImageRecord.self, from: Data(try readFileBytes("\(path)/image.json")))
        } catch {
            throw SandboxError("reading \(path)/image.json, which says what the image was made of: \(error)")
        }
    }
}

/// What is known of an image: `image.json`.
package struct ImageRecord: Sendable, Codable, Hashable {
    /// What it was made of: the definition as it was then.
    package var source: RootfsDefinition.Source
    /// Debian's code name, of one that was built.
    package var suite: String?
    /// Milliseconds since the epoch.
    package var madeAt: Int64
    /// What it takes up on the disk, in bytes.
    package var size: Int64
    /// Of an imported one: `NAME=value`, as its makers meant it to run.
    package var environment: [String]
    package var workingDirectory: String?

    package init(
        source: RootfsDefinition.Source, suite: String? = nil, madeAt: Int64, size: Int64, environment: [String] = [],
        workingDirectory: String? = nil
    ) {
        self.source = source
        self.suite = suite
        self.madeAt = madeAt
        self.size = size
        self.environment = environment
        self.workingDirectory = workingDirectory
    }
}
