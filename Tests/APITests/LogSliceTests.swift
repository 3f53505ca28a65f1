@testable import API
import Glibc
import Linux
import Testing

@Suite struct LogSliceTests {
    private static func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/altp-log-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer {
            unlink("\(folder)/log")
            rmdir(folder)
        }
        try body(folder)
    }

    @Test(arguments: [
        (Int64(0), 100, "0123456789"), (0, 4, "0123"), (4, 4, "4567"), (8, 4, "89"), (10, 4, ""), (1000, 4, ""),
        (Int64.max, 4, ""),
    ])
    func readsAPart(offset: Int64, limit: Int, expected: String) throws {
        try Self.withFolder { folder in
            let file = try FileDescriptor.open("\(folder)/log", O_WRONLY | O_CREAT, mode: 0o600)
            try file.writeAll(Array("0123456789".utf8))
            let slice = try LogSlice(directory: folder, offset: offset, limit: limit)
            #expect(String(decoding: slice.bytes, as: UTF8.self) == expected)
            #expect(slice.size == 10)
        }
    }

    @Test func aLogThatIsNotThereYetIsEmpty() throws {
        try Self.withFolder { folder in
            let slice = try LogSlice(directory: folder, offset: 0, limit: 10)
            #expect(slice.bytes.isEmpty && slice.size == 0)
        }
    }

    @Test func followsNoLink() throws {
        try Self.withFolder { folder in
            symlink("/etc/passwd", "\(folder)/log")
            let error = #expect(throws: SystemError.self) { try LogSlice(directory: folder, offset: 0, limit: 10) }
            #expect(error?.number == ELOOP)
        }
    }

    @Test func readsNothingButAFile() throws {
        try Self.withFolder { folder in
            mkfifo("\(folder)/log", 0o600)
            let error = #expect(throws: SystemError.self) { try LogSlice(directory: folder, offset: 0, limit: 10) }
            #expect(error?.number == EINVAL)
        }
    }
}
