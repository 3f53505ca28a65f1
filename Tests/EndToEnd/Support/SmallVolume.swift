import FoundationEssentials
import Glibc
import Testing

/// A small file system of one test's own, mounted from a file.
final class SmallVolume {
    private let folder: TemporaryFolder
    /// Where it is mounted.
    let path: String

    /// Whether this machine can mount one; else why not.
    static let obstacle: String? = {
        do {
            _ = try SmallVolume(mebibytes: 16)
            return nil
        } catch {
            return "no file system can be mounted from a file here: \(error)"
        }
    }()

    /// - Parameters:
    ///   - options: of mkfs.ext4(8).
    init(mebibytes: Int, options: [String] = []) throws {
        folder = try TemporaryFolder()
        path = "\(folder.path)/volume"
        let image = "\(folder.path)/image"
        mkdir(path, 0o755)
        do {
            for command in [
                ["truncate", "-s", "\(mebibytes)M", image],
                ["mkfs.ext4", "-q", "-F", "-m", "0"] + options + [image],
                ["mount", "-o", "loop", image, path],
            ] {
                let ended = try execute(command)
                guard ended.status == 0 else {
                    throw TestFailure("\(command.joined(separator: " ")): \(ended.output)\(ended.errors)")
                }
            }
        } catch {
            folder.remove()
            throw error
        }
    }

    /// What is free of it for others than root, in mebibytes.
    var freeMebibytes: Int {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return -1 }
        return (Int(status.f_bavail) * Int(status.f_frsize)) >> 20
    }

    deinit {
        // What still uses it, such as a detached mount that ends just now, keeps the file only.
        if umount2(path, 0) != 0 { umount2(path, Int32(MNT_DETACH)) }
        folder.remove()
    }
}
