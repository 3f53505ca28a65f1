import Configuration
import Glibc
import Testing

@testable import Launcher

@Suite struct LogEntryTests {
    private static let cases: [(entry: LogEntry, text: String, json: String)] = [
        (
            entry(.info, "Launcher is ready", [("tasks", "3")]),
            "2026-11-24T12:30:01Z level=info msg=\"Launcher is ready\" tasks=3\n",
            #"{"time":"2026-11-24T12:30:01.250Z","level":"info","msg":"Launcher is ready","tasks":"3"}"# + "\n"
        ),
        (
            entry(.warning, "x", [("reason", "a \"b\"\\ c=d\ne\tf\u{1}\u{9B}ł"), ("none", "")]),
            "2026-11-24T12:30:01Z level=warning msg=x reason=\"a \\\"b\\\"\\\\ c=d\\ne?f??ł\" none=\"\"\n",
            #"{"time":"2026-11-24T12:30:01.250Z","level":"warning","msg":"x","#
                + #""reason":"a \"b\"\\ c=d\ne\tf\u0001\u009bł","none":""}"# + "\n"
        ),
        (
            LogEntry(time: -1, level: .error, message: "before", fields: []),
            "1969-12-31T23:59:59Z level=error msg=before\n",
            #"{"time":"1969-12-31T23:59:59.999Z","level":"error","msg":"before"}"# + "\n"
        ),
    ]

    private static func entry(
        _ level: LauncherLog.Level, _ message: String, _ fields: [(name: String, value: String)]
    ) -> LogEntry {
        LogEntry(time: 1_795_523_401_250, level: level, message: message, fields: fields)
    }

    @Test(arguments: cases.indices)
    func isWrittenInBothForms(index: Int) {
        let (entry, text, json) = Self.cases[index]
        #expect(entry.line(.text) == text)
        #expect(entry.line(.json) == json)
    }

    /// The fields of an entry of the native protocol.
    private func fields(_ bytes: [UInt8]) throws -> [String: String] {
        var result: [String: String] = [:]
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = try #require(rest.firstIndex { $0 == 0x0A || $0 == UInt8(ascii: "=") })
            let name = String(decoding: rest[..<end], as: UTF8.self)
            let value: ArraySlice<UInt8>
            if rest[end] == 0x0A {
                let size = rest[(end + 1)..<(end + 9)].reversed().reduce(0) { $0 << 8 | Int($1) }
                value = rest[(end + 9)..<(end + 9 + size)]
            } else {
                value = rest[(end + 1)..<(try #require(rest[end...].firstIndex(of: 0x0A)))]
            }
            #expect(result[name] == nil, "\(name) comes twice")
            result[name] = String(decoding: value, as: UTF8.self)
            #expect(rest[value.endIndex] == 0x0A)
            rest = rest[(value.endIndex + 1)...]
        }
        return result
    }

    @Test func theJournalGetsFields() throws {
        let entry = Self.entry(
            .warning, "Script ended", [("attempt", "42/load#1"), ("outcome", "hard"), ("reason", "a\nb")])
        #expect(
            try fields(entry.journal(.text)) == [
                "MESSAGE": "Script ended attempt=42/load#1 outcome=hard reason=\"a\\nb\"", "PRIORITY": "4",
                "SYSLOG_IDENTIFIER": "altp-launcher", "ALTP_ATTEMPT": "42/load#1", "ALTP_OUTCOME": "hard",
                "ALTP_REASON": "a\nb", "ALTP_PROCESSING": "42", "ALTP_SCRIPT": "load",
            ])
        let other = Self.entry(.error, "x", [("processing", "7"), ("at-Ö", "y"), ("at-ö", "z"), ("attempt", "all")])
        #expect(
            try fields(other.journal(.json)) == [
                "MESSAGE": String(other.line(.json).dropLast()), "PRIORITY": "3", "SYSLOG_IDENTIFIER": "altp-launcher",
                "ALTP_PROCESSING": "7", "ALTP_AT__": "y", "ALTP_ATTEMPT": "all",
            ])
        #expect(LogEntry.journalName(String(repeating: "x", count: 100)).count == 64)
    }

    @Test func theJournalIsWhereStandardErrorGoes() {
        var status = stat()
        (status.st_dev, status.st_ino) = (8, 24_532)
        let cases = [
            ("8:24532", true), ("8:24533", false), ("9:24532", false), ("", false), ("8", false), ("8:24532:1", false),
            ("8:x", false), ("-8:24532", false),
        ]
        for (stream, expected) in cases { #expect(JournalSocket.names(stream, status) == expected, "\(stream)") }
    }
}

/// A socket such as the journal's, bound at a path of the test's own.
@Suite struct JournalSocketTests {
    private func withJournal(_ body: (Int32, String) throws -> Void) throws {
        var template = Array("/tmp/altp-journal-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let path = "\(folder)/socket"
        defer {
            unlink(path)
            rmdir(folder)
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        try body(descriptor, path)
    }

    /// The descriptor that an empty datagram brings: cmsg(3).
    private func receiveFile(_ descriptor: Int32) -> Int32? {
        var control = [UInt64](repeating: 0, count: 8)
        var message = msghdr()
        var count = 0
        control.withUnsafeMutableBytes { bytes in
            (message.msg_control, message.msg_controllen) = (bytes.baseAddress, bytes.count)
            count = recvmsg(descriptor, &message, Int32(MSG_DONTWAIT))
        }
        // A header of 16 bytes: its length with what follows, the level and the type.
        guard count == 0, message.msg_controllen >= 20, control[0] == 20,
            control[1] == UInt64(SOL_SOCKET) | UInt64(SCM_RIGHTS) << 32
        else { return nil }
        return Int32(truncatingIfNeeded: control[2])
    }

    @Test func anEntryIsADatagram() throws {
        try withJournal { descriptor, path in
            let entry = Array("MESSAGE=hello\nPRIORITY=6\n".utf8)
            let journal = try JournalSocket(path: path)
            #expect(journal.send(entry))
            var buffer = [UInt8](repeating: 0, count: 1000)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            #expect(Array(buffer.prefix(max(0, count))) == entry)
        }
    }

    @Test func aLargeEntryIsAFileThatNobodyCanChange() throws {
        try withJournal { descriptor, path in
            let entry = Array("MESSAGE=".utf8) + [UInt8](repeating: 0x61, count: 8 << 20) + [0x0A]
            let journal = try JournalSocket(path: path)
            #expect(journal.send(entry))
            let file = try #require(receiveFile(descriptor))
            defer { close(file) }
            var status = stat()
            #expect(fstat(file, &status) == 0 && Int(status.st_size) == entry.count)
            var byte: UInt8 = 0
            #expect(pread(file, &byte, 1, 8) == 1 && byte == 0x61)
            #expect(pwrite(file, &byte, 1, 0) == -1 && errno == EPERM)
            #expect(ftruncate(file, 0) == -1 && errno == EPERM)
        }
    }

    @Test func aJournalThatIsGoneOrFullIsNotWaitedFor() throws {
        try withJournal { descriptor, path in
            let journal = try JournalSocket(path: path)
            let entry = [UInt8](repeating: 0x61, count: 10_000)
            var taken = 0
            while taken < 10_000, journal.send(entry) { taken += 1 }
            #expect((1..<10_000).contains(taken))
        }
        #expect(throws: (any Error).self) { try JournalSocket(path: "/nonexistent/socket") }
        #expect(throws: (any Error).self) { try JournalSocket(path: String(repeating: "x", count: 200)) }
    }
}
