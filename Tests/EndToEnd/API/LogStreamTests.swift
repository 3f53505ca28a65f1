import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Logs by range, and as they grow.
    @Suite struct LogStreamTests {
        private static let files = [
            "tasks/talk.yaml": "policy: small\nscripts: [{name: talk, run: talk.py}]\n",
            "tasks/talk/talk.py": #"""
            #!/usr/bin/python3 -B
            import sys, time, os
            out = sys.stdout.buffer
            out.write(b"begin\n"); out.flush()
            while not os.path.exists("/processing/go"):
                time.sleep(0.02)
            out.write("half \u00e4: ".encode() + b"\xc3"); out.flush()
            time.sleep(0.3)
            out.write(b"\xa4\n"); out.flush()
            time.sleep(0.3)
            out.write(b"hostile \xff\xfe\x00\n\ndata: forged\n\n"); out.flush()
            time.sleep(0.3)
            out.write(b"line\n" * 50000 + b"end\n")
            """#,
        ]

        private static func log(_ id: Int64) -> String {
            "/api/v1/processings/\(id)/scripts/talk/attempts/1/log"
        }

        private static func go(_ host: Host, _ id: Int64) throws {
            let directory = try #require(try host.processing(id).directory)
            #expect(FileManager.default.createFile(atPath: "\(directory)/shared/go", contents: nil))
        }

        @Test func followsALogUntilItsAttemptHasEnded() throws {
            try withHost(Self.files) { host in
                let id = try host.trigger("talk")
                try host.running(id, "talk")
                let raw = try StreamReader(host.socket, "\(Self.log(id))?follow=1", isRaw: true)
                let stream = try StreamReader(host.socket, "/api/v1/stream?topic=log:\(id)/talk%231")
                let command = try ChildProcess(
                    [Installation.path(of: "altp"), "logs", "-f", "\(id)"], environment: ["ALTP_SOCKET": host.socket])
                _ = try eventually("the beginning") { raw.text == "begin\n" && !command.output.isEmpty ? true : nil }
                try stream.wait("the beginning") { $0.contains { $0.event == "log" } }
                try Self.go(host, id)
                try host.ended(id)
                _ = try eventually("the end of the answer") { raw.isOver ? true : nil }
                try stream.wait("the end of the log") {
                    try $0.last?.value(LogPieceView.self).ended == true
                }
                let whole = try Data(contentsOf: URL(filePath: try Self.path(host, id)))
                #expect(Data(raw.bytes) == whole)
                let pieces = try stream.messages.dropFirst().map { try $0.value(LogPieceView.self) }
                var bytes = Data()
                for piece in pieces {
                    #expect(piece.offset == Int64(bytes.count))
                    bytes += piece.text.map { Data($0.utf8) } ?? Data(base64Encoded: piece.base64 ?? "") ?? Data()
                    #expect(piece.next == Int64(bytes.count))
                }
                #expect(bytes == whole)
                #expect(pieces.contains { $0.base64 != nil } && pieces.contains { $0.text == "begin\n" })
                // The character that came in two halves is whole in one of the pieces.
                #expect(
                    pieces.contains { $0.text?.contains("ä: ") == true }
                        && !pieces.contains { $0.text?.contains("\u{fffd}") == true })
                let printed = try command.wait(seconds: 10)
                #expect(printed.status == 0 && printed.output.hasSuffix("line\nend\n"))
                stream.close()
                // What has ended is given whole, from where one likes.
                let late = try StreamReader(host.socket, "\(Self.log(id))?follow=1&offset=6", isRaw: true)
                _ = try eventually("the end") { late.isOver ? true : nil }
                #expect(Data(late.bytes) == whole.dropFirst(6))
            }
        }

        private static func path(_ host: Host, _ id: Int64) throws -> String {
            let directory = try #require(try host.processing(id).directory)
            let names = try FileManager.default.subpathsOfDirectory(atPath: directory)
            return "\(directory)/" + (try #require(names.first { $0 == "log" || $0.hasSuffix("/log") }))
        }

        @Test func givesARangeOfALog() throws {
            let files = [
                "tasks/count.yaml":
                    "policy: small\nscripts: [{name: talk, run: 'printf %0100000d 0 | tr 0 a; printf end'}]\n"
            ]
            try withHost(files) { host in
                let id = try host.complete("count").id
                struct Case {
                    var range: String
                    var status: Int
                    var content: String?
                    var count: Int
                }
                let table = [
                    Case(
                        range: "bytes=100000-", status: 206, content: "content-range: bytes 100000-100002/100003",
                        count: 3),
                    Case(range: "bytes=0-0", status: 206, content: "content-range: bytes 0-0/100003", count: 1),
                    Case(
                        range: "bytes=-90000", status: 206, content: "content-range: bytes 10003-100002/100003",
                        count: 90_000),
                    Case(range: "bytes=200000-", status: 416, content: "content-range: bytes */100003", count: -1),
                    Case(range: "bytes=0-1,5-6", status: 200, content: "accept-ranges: bytes", count: 100_003),
                ]
                for test in table {
                    let head =
                        "GET \(Self.log(id)) HTTP/1.1\r\nHost: altp\r\nConnection: close\r\nRange: \(test.range)\r\n\r\n"
                    let answer = try UnixRequest.exchange(host.socket, Array(head.utf8))
                    #expect(answer.status == test.status, "\(test.range)")
                    #expect(answer.head.contains(test.content ?? ""), "\(test.range): \(answer.head)")
                    if test.count >= 0 { #expect(answer.body.utf8.count == test.count, "\(test.range)") }
                    if test.status == 206 { #expect(answer.head.contains("content-length: \(test.count)")) }
                }
            }
        }

        /// Those who went away leave nothing behind: neither a connection's share nor a descriptor.
        @Test func leavesNothingOfClientsThatWentAway() throws {
            try withHost(Self.files) { host in
                let id = try host.trigger("talk")
                try host.running(id, "talk")
                let pid = try #require(host.pid)
                // One of each opens what stays open.
                for _ in 0..<2 { try Self.visit(host, id) }
                _ = try eventually("the connections' end", seconds: 40) {
                    try HostProcess.descriptors(of: pid).count < 80 ? true : nil
                }
                let before = try HostProcess.descriptors(of: pid).count
                for _ in 0..<10 { try Self.visit(host, id) }
                _ = try eventually("the connections' end", seconds: 40) {
                    try HostProcess.descriptors(of: pid).count <= before ? true : nil
                }
                try Self.go(host, id)
                try host.ended(id)
            }
        }

        private static func visit(_ host: Host, _ id: Int64) throws {
            let readers = [
                try StreamReader(host.socket, "/api/v1/stream?topic=log:\(id)/talk%231&topic=processings"),
                try StreamReader(host.socket, "\(Self.log(id))?follow=1", isRaw: true),
            ]
            for reader in readers {
                _ = try eventually("an answer") { reader.status }
                reader.close()
            }
        }
    }
}
