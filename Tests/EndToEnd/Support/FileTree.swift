import FoundationEssentials
import Glibc

/// A folder's content on all levels, some of which may vanish meanwhile.
enum FileTree {
    /// Paths relative to the folder; symbolic links are not followed.
    static func paths(below folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.flatMap { name in
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { return [String]() }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            return [name] + (isFolder ? paths(below: path).map { "\(name)/\($0)" } : [])
        }
    }

    /// The text of a file anywhere below a folder; nil when there is none of that name.
    static func text(of name: String, below folder: String) -> String? {
        paths(below: folder).first { lastPart($0) == name }
            .flatMap { try? String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8) }
    }

    /// The names in a folder; none when it is not there.
    static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    static func lastPart(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? "" }
}
