import Glibc
import Linux
import Testing

@testable import Sandbox

@Suite struct TreeRemovalTests {
    /// A directory of this test's own, removed in the end by other means than the ones under test.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/var/tmp/altp-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(path) }
        try body(path)
    }

    private func removesAll(_ path: String) -> Bool {
        do {
            return try TreeRemoval.remove(path) == nil
        } catch {
            Issue.record(error)
            return false
        }
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
            #expect(removesAll(tree))
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
            #expect(removesAll(tree))
            #expect(access(tree, F_OK) != 0)
        }
    }

    @Test func removesALinkAndNotWhatItPointsTo() throws {
        try withDirectory { parent in
            #expect(mkdir("\(parent)/kept", 0o755) == 0)
            #expect(symlink("kept", "\(parent)/link") == 0)
            #expect(removesAll("\(parent)/link"))
            #expect(access("\(parent)/kept", F_OK) == 0)
            rmdir("\(parent)/kept")
        }
    }

    /// More than what is read of a directory at a time, also below the top.
    @Test func removesAFullDirectoryBelowTheTop() throws {
        try withDirectory { parent in
            #expect(mkdir("\(parent)/tree", 0o755) == 0 && mkdir("\(parent)/tree/full", 0o755) == 0)
            for number in 0..<10_050 { close(open("\(parent)/tree/full/\(number)", O_CREAT | O_WRONLY, 0o644)) }
            #expect(removesAll("\(parent)/tree"))
            #expect(access("\(parent)/tree", F_OK) != 0)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func entersNoMountAndMovesItsTreeAside() throws {
        try withDirectory { parent in
            let tree = "\(parent)/tree"
            #expect(mkdir(tree, 0o755) == 0 && mkdir("\(tree)/a", 0o755) == 0 && mkdir("\(tree)/a/mount", 0o755) == 0)
            #expect(mkdir("\(parent)/kept", 0o755) == 0)
            close(open("\(parent)/kept/file", O_CREAT | O_WRONLY, 0o644))
            close(open("\(tree)/other", O_CREAT | O_WRONLY, 0o644))
            // The same file system, so that the device number does not tell.
            #expect(mount("\(parent)/kept", "\(tree)/a/mount", nil, UInt(MS_BIND), nil) == 0)
            let leftover = try #require(try TreeRemoval.remove(tree))
            #expect(leftover.path.hasPrefix("\(parent)/leftover/"))
            #expect(access(tree, F_OK) != 0)
            #expect(access("\(parent)/kept/file", F_OK) == 0)
            #expect(access("\(leftover.path)/other", F_OK) != 0)
            #expect(umount2("\(leftover.path)/a/mount", 0) == 0)
            #expect(removesAll("\(parent)/leftover"))
            #expect(removesAll("\(parent)/kept"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "flags of files need root"))
    func removesWhatIsImmutable() throws {
        try withDirectory { parent in
            let tree = "\(parent)/tree"
            #expect(mkdir(tree, 0o755) == 0 && mkdir("\(tree)/fixed", 0o755) == 0)
            close(open("\(tree)/fixed/file", O_CREAT | O_WRONLY, 0o644))
            for (name, flag) in [("fixed/file", Int32(0x10)), ("fixed", 0x20)] {
                let file = open("\(tree)/\(name)", O_RDONLY)
                defer { close(file) }
                try #require(setFlags(file, flag), "this file system has no immutable files")
            }
            #expect(removesAll(tree))
            #expect(access(tree, F_OK) != 0)
        }
    }

    /// FS_IOC_SETFLAGS, with its value on this machine's architectures.
    private func setFlags(_ file: Int32, _ flags: Int32) -> Bool {
        var flags = flags
        return withUnsafeMutablePointer(to: &flags) { ioctl(file, 0x4008_6602, $0) } == 0
    }

    @Test func isContentWhenThereIsNothing() throws {
        try withDirectory { parent in
            #expect(removesAll("\(parent)/nothing"))
        }
    }
}
