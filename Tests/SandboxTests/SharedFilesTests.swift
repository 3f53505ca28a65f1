import Glibc
import Testing

@testable import Sandbox

@Suite struct SharedFilesTests {
    /// Hostile trees are written back like others, by whichever way: nothing is followed, and nothing is waited for.
    @Test(arguments: [1, 200])
    func everyKindOfFileIsPassed(_ count: Int) async throws {
        try await withTree { tree in
            #expect(mkdir("\(tree)/closed", 0o000) == 0)
            for number in 0..<count { close(open("\(tree)/\(number)\n", O_CREAT | O_WRONLY, 0o000)) }
            #expect(mkfifo("\(tree)/closed/fifo", 0o644) == 0)
            #expect(symlink("/etc/passwd", "\(tree)/link") == 0)
            #expect(symlink("nowhere", "\(tree)/closed/dangling") == 0)
            let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array("\(tree)/socket".utf8)) }
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            #expect(bound == 0)
            try DiskStorage(templates: nil).makeSharedDurable(tree)
        }
    }

    @Test func aDeepTreeIsNotClimbedDown() async throws {
        try await withTree { tree in
            var descriptor = open(tree, O_RDONLY | O_DIRECTORY)
            for _ in 0..<2000 {
                #expect(mkdirat(descriptor, "d", 0o755) == 0)
                let next = openat(descriptor, "d", O_RDONLY | O_DIRECTORY)
                close(descriptor)
                descriptor = next
            }
            close(descriptor)
            try DiskStorage(templates: nil).makeSharedDurable(tree)
        }
    }

    @Test func whatNoScriptHasMadeIsNoError() throws {
        try DiskStorage(templates: nil).makeSharedDurable("/var/tmp/altp-test-none")
    }

    /// A directory of somebody else's, so that it is not taken for one with an image.
    private func withTree(_ body: (String) throws -> Void) async throws {
        var template = Array("/var/tmp/altp-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = try? TreeRemoval.remove(path) }
        try #require(chown(path, 4711, 4711) == 0 || geteuid() != 0)
        if geteuid() == 0 { try body(path) }
    }
}
