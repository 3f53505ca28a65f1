import API
import Glibc
import Testing

@Suite struct ListeningSocketTests {
    private static func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/altp-sock-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        let run = "\(folder)/a/run"
        defer {
            for path in ["\(run)/altp.sock", "\(run)/api/altp.sock"] { unlink(path) }
            for path in ["\(run)/api", run, "\(folder)/a", folder] { rmdir(path) }
        }
        try body(run)
    }

    private static func mode(_ path: String) -> UInt32 {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : 0
    }

    @Test func keepsUsersOfTheHostOutAndLetsSandboxesIn() throws {
        try Self.withFolder { run in
            let socket = try ListeningSocket(run: run, group: nil)
            #expect(socket.path == "\(run)/api/altp.sock")
            #expect(Self.mode(run) == S_IFDIR | 0o750)
            #expect(Self.mode("\(run)/api") == S_IFDIR | 0o755)
            #expect(Self.mode("\(run)/api/altp.sock") == S_IFSOCK | 0o666)
            #expect(Self.mode("\(run)/altp.sock") & S_IFMT == S_IFLNK)
            #expect(UnixClient(path: "\(run)/altp.sock") != nil)
        }
    }

    @Test func replacesADeadSocketAndNoLiveOne() throws {
        try Self.withFolder { run in
            do {
                let first = try ListeningSocket(run: run, group: nil)
                let error = #expect(throws: HTTPServerError.self) { _ = try ListeningSocket(run: run, group: nil).path }
                #expect(
                    error?.description
                        == "another Launcher listens on \(first.path); stop it, or choose another run folder with --run"
                )
                #expect(UnixClient(path: "\(run)/altp.sock") != nil)
            }
            #expect(UnixClient(path: "\(run)/altp.sock") == nil)
            let second = try ListeningSocket(run: run, group: nil)
            #expect(UnixClient(path: second.path) != nil)
        }
    }

    @Test func saysWhenThePathIsTooLong() throws {
        let run = "/tmp/" + String(repeating: "x", count: 100)
        defer {
            rmdir("\(run)/api")
            rmdir(run)
        }
        let error = #expect(throws: HTTPServerError.self) { _ = try ListeningSocket(run: run, group: nil).path }
        #expect(error?.description.contains("is longer than the 107 bytes that a socket's path may have") == true)
    }
}
