package import Configuration
import Glibc
import Linux

extension SandboxEngine {
    /// Makes a directory tree what Scripts share, where limits need it in an image.
    ///
    /// - Parameters:
    ///   - tree: a directory on the same file system, with the owners that it is to have.
    ///   - path: where nothing is yet.
    ///   - policy: that of the Script which shares it.
    package func adopt(
        _ tree: String, asProcessing path: String, identity: SandboxIdentity, policy: Policy
    ) throws(SandboxError) {
        try disk.adopt(tree, as: path, identity: identity, isLimited: !DiskAllowance(policy.limits).isUnlimited)
    }
}

extension DiskStorage {
    fileprivate func adopt(
        _ tree: String, as path: String, identity: SandboxIdentity, isLimited: Bool
    ) throws(SandboxError) {
        try makeShared(path, identity: identity, isLimited: isLimited)
        let folder = ImageFolder(path: path)
        do throws(SystemError) {
            guard folder.isThere else {
                try check("rmdir", path) { rmdir(path) }
                try check("rename", path) { rename(tree, path) }
                return
            }
            let root = "\(path)/root"
            try check("mkdir", root) { mkdir(root, 0o700) }
            try check("rename", root) { rename(tree, "\(root)/files") }
        } catch {
            throw SandboxError("making /processing of what a bundle has: \(error)")
        }
        guard let templates else { throw SandboxError("limiting the disk: there is no folder for images") }
        try DiskImageFile(path: folder.image, templates: templates).fill(from: "\(path)/root")
        _ = try SandboxEngine.removeTreeNow("\(path)/root")
    }
}

extension DiskImageFile {
    /// Makes the image with a tree in it, and little more room: `prepare` makes that which the next Script may use.
    fileprivate func fill(from tree: String) throws(SandboxError) {
        var blocks: Int64 = 0
        var inodes: Int64 = 0
        do throws(SystemError) {
            let top = try FileDescriptor.open(tree, O_RDONLY | O_DIRECTORY)
            var walk = try TreeWalk(over: top.raw, .init(entries: .max - 1))
            while let entry = walk.next() {
                inodes += 1
                blocks += entry.size / Self.blockSize + 2
            }
            guard walk.omissions.isNone else { throw SystemError("read", tree, number: ENAMETOOLONG) }
        } catch {
            throw SandboxError("making an image of what a bundle has: \(error)")
        }
        let bytes = blocks * Self.blockSize
        try make(
            path, size: bytes + bytes / 16 + (inodes + 64) * 256 + (16 << 20), inodes: inodes + 64,
            arguments: ["-d", tree])
    }
}
