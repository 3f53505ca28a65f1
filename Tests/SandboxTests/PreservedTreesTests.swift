import CLinux
import Configuration
import FoundationEssentials
import Glibc
import Linux
import Testing

@testable import Sandbox

@Suite struct PreservedTreesTests {
    /// A directory of this test's own.
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/var/tmp/altp-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = try? TreeRemoval.remove(path) }
        try body(path)
    }

    private func write(_ path: String, _ text: String) {
        let file = open(path, O_CREAT | O_WRONLY, 0o600)
        defer { close(file) }
        #expect(fchmod(file, 0o640) == 0)
        #expect(Glibc.write(file, text, text.utf8.count) == text.utf8.count)
    }

    /// Everything that a tree can hold.
    private func fill(_ tree: String) throws {
        try #require(mkdir(tree, 0o755) == 0)
        #expect(mkdir("\(tree)/b", 0o2750) == 0 && chmod("\(tree)/b", 0o2750) == 0)
        #expect(mkdir("\(tree)/b/deep", 0o700) == 0)
        write("\(tree)/b/deep/file", "abc")
        write("\(tree)/a", "")
        #expect(link("\(tree)/a", "\(tree)/a2") == 0)
        write("\(tree)/b-file", "0123456789")
        #expect(symlink("/etc", "\(tree)/c") == 0)
        #expect(mkfifo("\(tree)/d", 0o600) == 0)
        #expect(mkdir("\(tree)/\u{1}\n", 0o700) == 0)
    }

    private func all(_ walk: consuming TreeWalk) -> ([TreeEntry], TreeWalk.Omissions) {
        var walk = walk
        var entries: [TreeEntry] = []
        while let entry = walk.next() { entries.append(entry) }
        return (entries, walk.omissions)
    }

    private func walk(_ tree: String, _ bounds: TreeWalk.Bounds) throws -> ([TreeEntry], TreeWalk.Omissions) {
        let top = try FileDescriptor.open(tree, O_RDONLY | O_DIRECTORY)
        return all(try TreeWalk(over: top.raw, bounds))
    }

    @Test func tellsAllThatATreeHoldsParentsFirst() throws {
        try withDirectory { folder in
            try fill("\(folder)/tree")
            let (entries, omissions) = try walk("\(folder)/tree", .init(entries: 100, hashedBytes: 100))
            #expect(omissions.isNone)
            #expect(
                entries.map { "\($0.kind.rawValue) \($0.pathText) \($0.size)" } == [
                    "directory \u{1}\n 0", "file a 0", "file a2 0", "directory b 0", "directory b/deep 0",
                    "file b/deep/file 3", "file b-file 10", "link c 4", "fifo d 0",
                ])
            #expect(entries[3].mode == 0o2750 && entries[5].mode == 0o640)
            #expect(entries[1].inode == entries[2].inode && entries[1].links == 2)
            #expect(entries[7].target == Array("/etc".utf8))
            #expect(entries[5].sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            #expect(entries[3].sha256 == nil)
        }
    }

    @Test(arguments: [
        // Entries allowed, bytes to hash, entries told, whether there are more, files without a hash.
        (9, 0, 9, false, 0), (8, 0, 8, true, 0), (1, 0, 1, true, 0), (0, 0, 0, true, 0), (100, 12, 9, false, 1),
        (100, 13, 9, false, 0), (100, 2, 9, false, 2),
    ])
    func staysWithinBounds(_ entries: Int, _ bytes: Int, _ told: Int, _ hasMore: Bool, _ unhashed: Int) throws {
        try withDirectory { folder in
            try fill("\(folder)/tree")
            let (found, omissions) = try walk("\(folder)/tree", .init(entries: entries, hashedBytes: Int64(bytes)))
            #expect(found.count == told)
            #expect(omissions == .init(hasMore: hasMore, unread: 0, unhashed: unhashed))
        }
    }

    @Test func passesByWhatIsDeeperThanAPathCanBe() throws {
        try withDirectory { folder in
            let tree = "\(folder)/tree"
            try #require(mkdir(tree, 0o755) == 0)
            var descriptor = open(tree, O_RDONLY | O_DIRECTORY)
            for _ in 0..<3000 {
                #expect(mkdirat(descriptor, "d", 0o755) == 0)
                let next = openat(descriptor, "d", O_RDONLY | O_DIRECTORY)
                close(descriptor)
                descriptor = next
            }
            close(descriptor)
            write("\(tree)/e", "")
            let (found, omissions) = try walk(tree, .init(entries: 10_000))
            // As many as fit into 4096 bytes with a `/` after each, the one that is too deep, and the file beside them.
            #expect(found.count == 2049 && found.last?.pathText == "e")
            #expect(omissions == .init(hasMore: false, unread: 1, unhashed: 0))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func entersNoMount() throws {
        try withDirectory { folder in
            try #require(mkdir("\(folder)/tree", 0o755) == 0 && mkdir("\(folder)/tree/mount", 0o755) == 0)
            #expect(mkdir("\(folder)/other", 0o755) == 0)
            write("\(folder)/other/secret", "")
            try #require(mount("\(folder)/other", "\(folder)/tree/mount", nil, UInt(MS_BIND), nil) == 0)
            defer { umount2("\(folder)/tree/mount", 0) }
            let (found, omissions) = try walk("\(folder)/tree", .init(entries: 100))
            #expect(found.map(\.pathText) == ["mount"])
            #expect(omissions.unread == 1)
        }
    }

    // MARK: Attempts

    private func specification(_ folder: String, rootfs: String) -> SandboxSpecification {
        var policy = Policy(name: "test")
        policy.rootfs = rootfs
        return SandboxSpecification(
            reference: "1/work#1", command: ["true"], environment: [:], policy: policy,
            identity: SandboxIdentity(firstUID: 1 << 20), processingDirectory: "\(folder)/shared")
    }

    private func makeAttempt(_ folder: String, _ storage: SandboxStorage, rootfs: String) throws -> AttemptDirectory {
        let attempt = AttemptDirectory(path: "\(folder)/work.1")
        #expect(mkdir(attempt.path, 0o700) == 0)
        var specification = specification(folder, rootfs: rootfs)
        specification.storage = storage
        let data = try JSONEncoder().encode(specification)
        try data.write(to: URL(filePath: attempt.specification))
        return attempt
    }

    private func makeImage(_ image: String, of tree: String) throws {
        let file = open(image, O_CREAT | O_WRONLY | O_EXCL, 0o600)
        #expect(ftruncate(file, 8 << 20) == 0)
        close(file)
        let mkfs = try #require(HostProgram.find("mkfs.ext4"))
        try mkfs.require(["-q", "-F", "-O", "^has_journal", "-d", tree, image])
    }

    private func names(_ tree: PreservedTree?) throws -> [String] {
        all(try #require(tree).walk(.init(entries: 9))).0.map(\.pathText)
    }

    private static let canMountImages =
        geteuid() == 0 && access("/dev/loop-control", R_OK | W_OK) == 0 && HostProgram.find("mkfs.ext4") != nil

    @Test func findsTheTreesOfDirectories() throws {
        try withDirectory { folder in
            let attempt = try makeAttempt(folder, .directories, rootfs: "host")
            #expect(mkdir("\(folder)/shared", 0o755) == 0 && mkdir("\(attempt.path)/scratch", 0o755) == 0)
            write("\(folder)/shared/scene", "1")
            write("\(attempt.path)/scratch/half", "2")
            let trees = try PreservedTrees(of: attempt)
            #expect(trees.trees.map(\.place) == [.scratch, .processing])
            #expect(try names(trees[.scratch]) == ["half"])
            #expect(try names(trees[.processing]) == ["scene"])
        }
    }

    @Test(.enabled(if: canMountImages, "mounting images needs root, loop devices and mkfs.ext4"))
    func mountsImagesWhereNobodySeesThem() throws {
        try withDirectory { folder in
            let attempt = try makeAttempt(folder, .images, rootfs: "small")
            let tree = "\(folder)/tree"
            for path in [
                tree, "\(tree)/scratch", "\(tree)/upper", "\(tree)/upper/etc", "\(tree)/work", "\(tree)/files",
                "\(attempt.path)/disk", "\(folder)/shared",
            ] { try #require(mkdir(path, 0o755) == 0) }
            write("\(tree)/scratch/half", "2")
            write("\(tree)/files/scene", "1")
            #expect(mknod("\(tree)/upper/gone", S_IFCHR, 0) == 0)
            #expect(setxattr("\(tree)/upper/etc", "trusted.overlay.opaque", "y", 1, 0) == 0)
            try makeImage(attempt.imageFolder.image, of: tree)
            try makeImage("\(folder)/shared/image", of: tree)
            do {
                let trees = try PreservedTrees(of: attempt)
                #expect(trees.trees.map(\.place) == [.scratch, .processing, .root])
                #expect(try names(trees[.scratch]) == ["half"])
                #expect(try names(trees[.processing]) == ["scene"])
                let root = try all(#require(trees[.root]).walk(.init(entries: 9))).0
                #expect(
                    root.map { "\($0.kind) \($0.pathText) \($0.isOpaque)" } == [
                        "directory etc true", "whiteout gone false",
                    ])
                let devices = try loopDevices(below: folder)
                #expect(devices.count == 2)
                let mounts = try readFile("/proc/self/mountinfo")
                for device in devices { #expect(!mounts.contains("/dev/\(device) ")) }
                let scratch = try #require(trees[.scratch])
                #expect(
                    openat(scratch.directory.raw, "new", O_CREAT | O_WRONLY, 0o600) < 0
                        && errno == EROFS)
                // A sandbox cannot have it meanwhile.
                let image = try FileDescriptor.open(attempt.imageFolder.image, O_RDWR)
                #expect(flock(image.raw, LOCK_EX | LOCK_NB) != 0)
            }
            #expect(try loopDevices(below: folder).isEmpty)
        }
    }

    @Test(.enabled(if: canMountImages, "mounting images needs root, loop devices and mkfs.ext4"))
    func leavesAnImageToItsSandbox() throws {
        try withDirectory { folder in
            try #require(mkdir("\(folder)/tree", 0o755) == 0)
            try makeImage("\(folder)/image", of: "\(folder)/tree")
            let taken = try FileDescriptor.open("\(folder)/image", O_RDWR)
            #expect(flock(taken.raw, LOCK_EX | LOCK_NB) == 0)
            let error = #expect(throws: SystemError.self) {
                _ = try DetachedImage.open("\(folder)/image", patience: 20_000)
            }
            #expect(error?.number == EWOULDBLOCK)
            #expect(try loopDevices(below: folder).isEmpty)
        }
    }

    private func loopDevices(below folder: String) throws -> [String] {
        let block = try FileDescriptor.open("/sys/block", O_RDONLY | O_DIRECTORY)
        return try DirectoryEntries.read(block.raw, path: "/sys/block").compactMap { name in
            let device = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let file = try? readFile("/sys/block/\(device)/loop/backing_file")
            return file.flatMap { $0.hasPrefix(folder) ? device : nil }
        }
    }
}
