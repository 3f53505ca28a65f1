import CLinux
import Glibc
import Linux

/// What is left of a tree or a group that should be gone: where it lies, and why.
package struct Leftover: Sendable, Hashable, CustomStringConvertible {
    /// Where it lies now.
    package var path: String
    /// The first thing that could not be removed.
    var reason: SystemError
    /// What an administrator can do about it.
    var remedy: String

    package var description: String { "\(reason). What is left lies in \(path): \(remedy)" }
}

/// The folder beside removed trees into which goes what could not be removed.
struct LeftoverFolder {
    /// The directory that the tree is in, open.
    let parent: Int32
    let parentPath: String
    let name: String

    /// Moves a tree in here, under the date and a number that is free.
    ///
    /// - Returns: where it lies now; nil when it cannot be moved, such as a mount point, and so stays in its place.
    func take(_ tree: String) -> String? {
        guard let folder = try? open() else { return nil }
        let day = Self.today()
        for number in 1...10_000 {
            let place = "\(day)-\(number)"
            guard altp_rename_exclusively(parent, tree, folder.raw, place) != 0 else {
                return "\(parentPath)/\(name)/\(place)"
            }
            guard errno == EEXIST else { return nil }
        }
        return nil
    }

    private func open() throws(SystemError) -> FileDescriptor {
        if mkdirat(parent, name, 0o700) != 0 && errno != EEXIST { throw SystemError("mkdir", name) }
        let folder = try FileDescriptor.open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, at: parent)
        var status = stat()
        try check("fstat", name) { fstat(folder.raw, &status) }
        // Beside a run's directory anybody may have made a folder of this name.
        guard status.st_uid == geteuid(), status.st_mode & 0o077 == 0 else {
            throw SystemError("use", name, number: EPERM)
        }
        return folder
    }

    private static func today() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        var text = [CChar](repeating: 0, count: 16)
        let length = strftime(&text, text.count, "%Y-%m-%d", &parts)
        return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
