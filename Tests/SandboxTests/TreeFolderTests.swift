import Glibc
import Linux
import Testing

@testable import Sandbox

/// One directory, or one file, of a tree that a hostile Script wrote.
@Suite struct TreeFolderTests {
    /// A tree with everything in it; beside it a file that no path must reach.
    private func withTree(_ body: (_ tree: Int32, _ path: String) throws -> Void) throws {
        var template = Array("/var/tmp/altp-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = try? TreeRemoval.remove(folder) }
        write("\(folder)/secret", "secret")
        let path = "\(folder)/tree"
        try #require(mkdir(path, 0o755) == 0)
        #expect(mkdir("\(path)/deep", 0o700) == 0 && mkdir("\(path)/deep/er", 0o000) == 0)
        write("\(path)/deep/er/file", "0123456789")
        write("\(path)/empty", "")
        #expect(symlink("../secret", "\(path)/out") == 0)
        #expect(symlink(folder, "\(path)/absolute") == 0)
        #expect(symlink("deep", "\(path)/in") == 0)
        #expect(symlink("loop", "\(path)/loop") == 0)
        #expect(mkfifo("\(path)/fifo", 0o600) == 0)
        #expect(mknod("\(path)/null", S_IFCHR | 0o666, 1 << 8 | 3) == 0)
        #expect(mknod("\(path)/whiteout", S_IFCHR, 0) == 0)
        let tree = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        try body(tree.raw, path)
    }

    private func write(_ path: String, _ text: String) {
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        defer { close(file) }
        #expect(Glibc.write(file, text, text.utf8.count) == text.utf8.count)
    }

    private func list(
        _ tree: Int32, _ path: String, after: String? = nil, limit: Int = 100
    ) throws -> (names: [String], next: String?) {
        let page = try TreeFolder.list(Array(path.utf8), in: tree, after: after.map { Array($0.utf8) }, limit: limit)
        return (
            page.entries.map { "\($0.kind.rawValue) \($0.pathText)" },
            page.next.map { String(decoding: $0, as: UTF8.self) }
        )
    }

    @Test func showsWhatThereIs() throws {
        try withTree { tree, _ in
            let (names, next) = try list(tree, "")
            #expect(
                names == [
                    "link absolute", "directory deep", "file empty", "fifo fifo", "link in", "link loop", "device null",
                    "link out",
                ])
            #expect(next == nil)
            #expect(try list(tree, "deep/er").names == ["file deep/er/file"])
            let out = try TreeFolder.entry(Array("out".utf8), in: tree)
            #expect(out.kind == .link && out.target == Array("../secret".utf8))
            let file = try TreeFolder.open(Array("deep/er/file".utf8), in: tree)
            #expect(file.entry.size == 10)
            let copy = try FileDescriptor.memory("copy", [])
            try file.write(3..<7, to: copy.raw)
            #expect(lseek(copy.raw, 0, SEEK_SET) == 0)
            #expect(try copy.readAll(limit: 100) == Array("3456".utf8))
            // What has become shorter is no whole answer.
            #expect(throws: SystemError.self) { try file.write(3..<11, to: copy.raw) }
        }
    }

    @Test(
        arguments: [
            ("../secret", .leadsElsewhere), ("deep/../../secret", .leadsElsewhere), ("/etc/passwd", .leadsElsewhere),
            ("out", .isOther(.link)), ("absolute/secret", .leadsElsewhere), ("in/er/file", .leadsElsewhere),
            ("loop", .isOther(.link)), ("loop/x", .leadsElsewhere), ("fifo", .isOther(.fifo)),
            ("null", .isOther(.device)),
            ("whiteout", .notFound), ("none", .notFound), ("empty/x", .notFound), ("deep", .isOther(.directory)),
            ("", .isOther(.directory)), (String(repeating: "x", count: 300), .notFound),
            (String(repeating: "d/", count: 3000), .notFound),
        ] as [(String, TreeFolderError)])
    func opensNothingElse(path: String, expected: TreeFolderError) throws {
        try withTree { tree, _ in
            #expect(throws: expected) { try TreeFolder.open(Array(path.utf8), in: tree) }
            if case .isOther(.directory) = expected { return }
            let ofList: TreeFolderError = path == "empty/x" ? .notFound : expected
            #expect(throws: ofList) { try TreeFolder.list(Array(path.utf8), in: tree, after: nil, limit: 1) }
        }
    }

    @Test func aFIFOIsNotOpened() throws {
        try withTree { tree, path in
            // Whoever opened it for reading would let this writer in.
            #expect(throws: TreeFolderError.isOther(.fifo)) { try TreeFolder.open(Array("fifo".utf8), in: tree) }
            #expect(open("\(path)/fifo", O_WRONLY | O_NONBLOCK) == -1 && errno == ENXIO)
        }
    }

    @Test func pagesFollowEachOtherInTheOrderOfBytes() throws {
        try withTree { tree, path in
            #expect(mkdir("\(path)/many", 0o700) == 0)
            var names: [[UInt8]] = [
                [0xFF], [0x80, 0x0A], [0x01], Array(" ".utf8), [UInt8](repeating: 0x61, count: 255),
            ]
            for number in 0..<300 { names.append(Array("\(number * 7919 % 1000)".utf8)) }
            for name in names {
                let file = openat(
                    tree, Array("many/".utf8CString.dropLast()) + name.map { CChar(bitPattern: $0) } + [0], O_CREAT,
                    0o600)
                #expect(file >= 0)
                close(file)
            }
            let sorted = Set(names).sorted { $0.lexicographicallyPrecedes($1) }
            for limit in [1, 7, 304, 305, 500] {
                var found: [[UInt8]] = []
                var after: [UInt8]?
                repeat {
                    let page = try TreeFolder.list(Array("many".utf8), in: tree, after: after, limit: limit)
                    #expect(page.entries.count <= limit && !page.isCut)
                    found += page.entries.map { Array($0.path.dropFirst(5)) }
                    after = page.next
                } while after != nil
                #expect(found == sorted, "\(limit)")
            }
            let cut = try TreeFolder.list(Array("many".utf8), in: tree, after: nil, limit: 500, most: 100)
            #expect(cut.isCut && cut.entries.count == 100)
        }
    }

    @Test func entersNoOtherFileSystem() throws {
        // What is mounted there is another one wherever this runs.
        let root = try FileDescriptor.open("/", O_RDONLY | O_DIRECTORY)
        #expect(throws: TreeFolderError.leadsElsewhere) {
            try TreeFolder.open(Array("proc/version".utf8), in: root.raw)
        }
    }

    @Test(
        arguments: [
            ("/scratch", .scratch, ""), ("/scratch/", .scratch, ""), ("//scratch//a//b/", .scratch, "a/b"),
            ("/processing/x y", .processing, "x y"), ("/", .root, ""), ("/etc/passwd", .root, "etc/passwd"),
            ("/scratchy", .root, "scratchy"), ("/scratch/...", .scratch, "..."),
        ] as [(String, PreservedTree.Place, String)])
    func readsPaths(text: String, place: PreservedTree.Place, below: String) {
        let path = SandboxPath(Array(text.utf8))
        #expect(path?.place == place && path?.below == Array(below.utf8))
    }

    @Test(arguments: ["", "scratch", "./scratch", "/scratch/../etc", "/..", "/.", "/scratch/.", "/a\u{0}b"])
    func refusesPaths(text: String) { #expect(SandboxPath(Array(text.utf8)) == nil) }
}
