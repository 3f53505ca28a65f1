import Glibc
import Testing

@testable import Launcher

/// What lies where an attempt's log should be, whoever put it there.
@Suite struct LogEndReadingTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/altp-log-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            unlink("\(folder)/log")
            unlink("\(folder)/secret")
            rmdir(folder)
        }
        try body(folder)
    }

    private func write(_ path: String, _ text: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        let bytes = Array(text.utf8)
        #expect(Glibc.write(file, bytes, bytes.count) == bytes.count)
    }

    @Test func readsTheEndOfALog() throws {
        try withFolder { folder in
            #expect(try Launcher.logEnd(folder) == [])
            write("\(folder)/log", "")
            #expect(try Launcher.logEnd(folder) == [])
            write("\(folder)/log", "one\ntwo\n")
            #expect(try Launcher.logEnd(folder) == ["one", "two"])
            let long = (0..<5000).map { "line \($0)\n" }.joined()
            write("\(folder)/log", long)
            let lines = try Launcher.logEnd(folder)
            #expect(lines.last == "line 4999")
            #expect(lines.count == 40)
        }
    }

    @Test func followsNoLinkAndWaitsForNobody() throws {
        try withFolder { folder in
            write("\(folder)/secret", "secret\n")
            #expect(symlink("\(folder)/secret", "\(folder)/log") == 0)
            #expect(throws: (any Error).self) { try Launcher.logEnd(folder) }
            unlink("\(folder)/log")
            #expect(mkfifo("\(folder)/log", 0o600) == 0)
            #expect(throws: (any Error).self) { try Launcher.logEnd(folder) }
            let nothing = try Launcher.logEnd("\(folder)/nothing")
            #expect(nothing == [])
        }
    }
}
