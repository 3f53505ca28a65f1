import Glibc
import Linux
import Synchronization
import Testing
import Wire

@testable import API

@Suite struct LogTests {
    @Test(
        arguments: [
            ([], nil), (Array("abc".utf8), nil), (Array("ä".utf8), nil), ([0x61, 0xC3], 1), ([0x61, 0xE2, 0x82], 1),
            ([0x61, 0xF0, 0x9F, 0x98], 1), ([0xF0, 0x9F, 0x98], 0), (Array("😀".utf8), nil), ([0xC3], 0),
            // No character, whatever comes.
            ([0x61, 0x80], nil), ([0x80, 0x80, 0x80, 0x80, 0x80], nil), ([0xFF], nil), ([0x61, 0xC3, 0x28], nil),
        ] as [([UInt8], Int?)])
    func leavesABeginningCharacter(bytes: [UInt8], expected: Int?) {
        #expect(UTF8Ending.whole(bytes) == expected)
    }

    @Test func aPieceIsTextOrBase64() {
        let reference = Reference(processing: 42, script: "load", attempt: 1)
        let text = LogPieceView(LogPiece(offset: 3, bytes: Array("a\0\u{1b}[1mä".utf8), isLast: false), of: reference)
        #expect(text.text == "a\0\u{1b}[1mä" && text.base64 == nil && text.next == 3 + 8 && !text.ended)
        let bytes = LogPieceView(LogPiece(offset: 0, bytes: [0xFF, 0x00, 0xC3], isLast: true), of: reference)
        #expect(bytes.text == nil && bytes.base64 == "/wDD" && bytes.ended)
    }

    /// Collects what a tail gives until its last piece.
    private static func follow(_ tail: LogTail, _ seen: @escaping @Sendable ([UInt8]) -> Void) async -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let piece = await withCheckedContinuation { continuation in tail.next { continuation.resume(returning: $0) }
            }
            guard let piece else { return all }
            #expect(piece.offset == Int64(all.count))
            all += piece.bytes
            seen(all)
            if piece.isLast { return all }
        }
    }

    @Test func followsALogThatIsNotThereYetUntilItsAttemptHasEnded() async throws {
        var template = Array("/tmp/altp-log-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        defer {
            unlink("\(folder)/log")
            rmdir(folder)
        }
        let hub = LogHub { _ in }
        let reference = Reference(processing: 42, script: "load", attempt: 1)
        let tail = LogTail(reference, directory: folder, offset: 0, limit: 1000, hub: hub)
        let count = Mutex(0)
        async let all = Self.follow(tail) { seen in count.withLock { $0 = seen.count } }
        try await Task.sleep(for: .milliseconds(20))
        let file = try FileDescriptor.open("\(folder)/log", O_WRONLY | O_CREAT, mode: 0o600)
        try file.writeAll([UInt8](repeating: 0x61, count: 2500) + [0xC3])
        while count.withLock({ $0 }) < 2500 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(count.withLock { $0 } == 2500)
        try file.writeAll([0xA4])
        while count.withLock({ $0 }) < 2502 { try await Task.sleep(for: .milliseconds(5)) }
        // What is written before the end is not lost.
        try file.writeAll([0xC3])
        hub.attemptEnded(reference)
        #expect(await all == [UInt8](repeating: 0x61, count: 2500) + [0xC3, 0xA4, 0xC3])
        tail.end()
    }

    @Test func aLogThatIsNoFileIsNotRead() async throws {
        var template = Array("/tmp/altp-log-XXXXXX".utf8CString)
        let folder = String(cString: try #require(mkdtemp(&template)))
        symlink("/etc/passwd", "\(folder)/log")
        defer {
            unlink("\(folder)/log")
            rmdir(folder)
        }
        let complaints = Mutex(0)
        let hub = LogHub { _ in complaints.withLock { $0 += 1 } }
        let reference = Reference(processing: 42, script: "load", attempt: 1)
        let tail = LogTail(reference, directory: folder, offset: 0, limit: 1000, hub: hub)
        #expect(await Self.follow(tail) { _ in } == [])
        #expect(complaints.withLock { $0 } == 1)
        tail.end()
    }
}
