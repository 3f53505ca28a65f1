import FoundationEssentials
import Glibc

/// The example's folder, its provider and its scenes.
struct Example {
    static let python = "/usr/bin/python3"
    static let repository = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
    static let folder = "\(repository)/examples/landsat"

    /// The folder of a real scene beside the repository; nil where there is none.
    static let realScene: String? = {
        let folder = "\(repository)/../shared/scenes/LC80460282016177LGN00"
        return access(folder, R_OK) == 0 ? folder : nil
    }()

    static let hasRasterio = (try? execute([python, "-c", "import rasterio, numpy"]).status) == 0

    let provider: ChildProcess
    let url: String

    /// Starts the provider on a folder of scenes.
    init(scenes: String, arguments: [String]) throws {
        let file = "\(scenes).url"
        let child = try ChildProcess(
            [Self.python, "-B", "\(Self.folder)/provider/provider.py", scenes, "--url-file", file] + arguments)
        provider = child
        url = try eventually("the provider serves") {
            guard child.isRunning else { throw TestFailure("the provider ended: \(child.errors)") }
            return (try? String(contentsOfFile: file, encoding: .utf8))?.filter { $0 != "\n" }
        }
    }

    /// The example's host folder with its two values filled in, by relative path.
    static func files(work: String, url: String) throws -> [String: String] {
        var files: [String: String] = [:]
        for part in ["tasks", "policies"] {
            for path in FileTree.paths(below: "\(folder)/\(part)")
            where path.hasSuffix(".yaml") || path.hasSuffix(".py") {
                let text = try String(contentsOfFile: "\(folder)/\(part)/\(path)", encoding: .utf8)
                files["\(part)/\(path)"] = text.replacing("WORK", with: work).replacing("PROVIDER_URL", with: url)
            }
        }
        return files
    }
}
