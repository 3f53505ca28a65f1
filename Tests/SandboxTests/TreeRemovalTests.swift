import Glibc
import Linux
import Testing

@testable import Sandbox

@Suite struct TreeRemovalTests {
    /// A directory of this test's own, removed in the end by other means than the ones under test.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/altp-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(path) }
        try body(path)
    }

    @Test func removesATreeWithEveryKindOfFile() throws {
        try withDirectory { parent in
            let tree = "\(parent)/tree"
            #expect(mkdir(tree, 0o755) == 0)
            #expect(mkdir("\(tree)/empty", 0o000) == 0)
            #expect(mkdir("\(tree)/full", 0o755) == 0)
            for name in ["plain", "full/a", "full/\u{1}b\n"] {
                close(open("\(tree)/\(name)", O_CREAT | O_WRONLY, 0o644))
            }
            #expect(mkfifo("\(tree)/full/fifo", 0o644) == 0)
            #expect(symlink("/etc/passwd", "\(tree)/link") == 0)
            #expect(symlink("/etc", "\(tree)/full/directory-link") == 0)
            #expect(link("\(tree)/plain", "\(tree)/hard") == 0)
            try TreeRemoval.remove(tree)
            #expect(access(tree, F_OK) != 0)
            #expect(access("/etc/passwd", F_OK) == 0)
        }
    }

    @Test func removesAVeryDeepTree() throws {
        try withDirectory { parent in
            let tree = "\(parent)/tree"
            #expect(mkdir(tree, 0o755) == 0)
            var descriptor = open(tree, O_RDONLY | O_DIRECTORY)
            for _ in 0..<5000 {
                #expect(mkdirat(descriptor, "d", 0o755) == 0)
                let next = openat(descriptor, "d", O_RDONLY | O_DIRECTORY)
                close(openat(descriptor, "f", O_CREAT | O_WRONLY, 0o644))
                close(descriptor)
                descriptor = next
            }
            close(descriptor)
            try TreeRemoval.remove(tree)
            #expect(access(tree, F_OK) != 0)
        }
    }

    @Test func removesALinkAndNotWhatItPointsTo() throws {
        try withDirectory { parent in
            #expect(mkdir("\(parent)/kept", 0o755) == 0)
            #expect(symlink("kept", "\(parent)/link") == 0)
            try TreeRemoval.remove("\(parent)/link")
            #expect(access("\(parent)/kept", F_OK) == 0)
            rmdir("\(parent)/kept")
        }
    }

    @Test func isContentWhenThereIsNothing() throws {
        try withDirectory { parent in try TreeRemoval.remove("\(parent)/nothing") }
    }
}
