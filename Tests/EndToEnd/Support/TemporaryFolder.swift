import FoundationEssentials
import Glibc

/// A folder of one test's own.
struct TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/var/tmp/altp-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp: \(String(cString: strerror(errno)))") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ name: String, _ content: String, mode: mode_t = 0o644) throws {
        let file = "\(path)/\(name)"
        if let slash = name.lastIndex(of: "/") {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(name[..<slash])", withIntermediateDirectories: true)
        }
        try Data(content.utf8).write(to: URL(filePath: file))
        chmod(file, mode)
    }

    func read(_ name: String) throws -> String { try String(contentsOfFile: "\(path)/\(name)", encoding: .utf8) }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
