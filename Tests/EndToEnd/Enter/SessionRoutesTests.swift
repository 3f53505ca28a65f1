import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Sessions as others than `altp enter` open them: docs/sessions-protocol.md.
    @Suite struct SessionRoutesTests {
        private func open(_ host: Host, _ id: Int64, _ request: OpenSession) throws -> UnixRequest.Answer {
            try UnixRequest.send(
                host.socket, "POST", "/api/v1/processings/\(id)/sessions", try WireJSON.encode(request))
        }

        private func opened(_ host: Host, _ id: Int64) throws -> OpenedSessionView {
            let answer = try open(host, id, OpenSession(command: ["sleep", Host.marker]))
            #expect(answer.status == 201, "\(answer.body)")
            return try WireJSON.decode(OpenedSessionView.self, from: Array(answer.body.utf8))
        }

        private func sessions(_ host: Host) throws -> [SessionView] {
            let answer = try UnixRequest.send(host.socket, "GET", "/api/v1/sessions")
            return try WireJSON.decode([SessionView].self, from: Array(answer.body.utf8))
        }

        private func isInside(_ host: Host) -> Bool {
            HostProcess.find(commandLine: ["sleep", Host.marker]) != nil
        }

        private func upgrade(_ host: Host, _ path: String, key: String = "dGhlIHNhbXBsZSBub25jZQ==") throws
            -> UnixRequest.Answer
        {
            let head = """
                GET \(path) HTTP/1.1\r\nHost: altp\r\nConnection: Upgrade\r\nUpgrade: websocket\r
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n\r\n
                """
            return try UnixRequest.exchange(host.socket, Array(head.utf8), seconds: 1)
        }

        @Test func isListedAndEnded() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let session = try opened(host, id)
                #expect(isInside(host))
                let listed = try #require(try sessions(host).first)
                #expect(listed.id == session.id && listed.reference == session.reference)
                #expect(listed.command == ["sleep", Host.marker])
                #expect(session.outcome?.kind == "hard")
                let target = "/api/v1/sessions/\(session.id)"
                #expect(try UnixRequest.send(host.socket, "DELETE", target).status == 202)
                _ = try eventually("it has ended") { try sessions(host).isEmpty ? true : nil }
                #expect(!isInside(host))
                #expect(try UnixRequest.send(host.socket, "DELETE", target).status == 404)
            }
        }

        @Test func aStreamThatNobodyOpensEndsIt() throws {
            try withHost(EnteredTasks.files) { host in
                let session = try opened(host, try host.failed("failing"))
                #expect(isInside(host))
                _ = try eventually("it has ended") { try sessions(host).isEmpty ? true : nil }
                #expect(!isInside(host))
                #expect(try upgrade(host, session.stream).status == 404)
            }
        }

        @Test func aStreamIsOpenedOnceAndEndsItWithItsConnection() throws {
            try withHost(EnteredTasks.files) { host in
                let session = try opened(host, try host.failed("failing"))
                let plain = try UnixRequest.send(host.socket, "GET", session.stream)
                #expect(plain.status == 426)
                #expect(plain.head.lowercased().contains("upgrade: websocket"))
                #expect(try upgrade(host, session.stream, key: "short").status == 400)
                // Neither took it. This one does, hears nothing for a second and hangs up.
                let granted = try upgrade(host, session.stream)
                #expect(granted.status == 101)
                // The helper gives heads in lower case.
                #expect(granted.head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".lowercased()))
                _ = try eventually("it has ended") { try sessions(host).isEmpty ? true : nil }
                #expect(!isInside(host))
            }
        }

        @Test(arguments: [
            (#"{"relax": ["everything"]}"#, "network, seccomp, limits"), (#"{"command": []}"#, "command"),
            (#"{"with": "no/such"}"#, "with"), (#"{"surprise": 1}"#, "surprise"),
            (#"{"terminal": {"rows": -1, "columns": 1}}"#, "terminal.rows must be a whole number from 0 to 65535"),
            (#"{"environment": {"A=B": ""}}"#, "environment"),
        ])
        func whatIsWrongIsNamed(_ body: String, _ part: String) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let answer = try UnixRequest.send(
                    host.socket, "POST", "/api/v1/processings/\(id)/sessions", Array(body.utf8))
                #expect([400, 422].contains(answer.status), "\(answer.body)")
                #expect(answer.body.contains(part), "\(answer.body)")
                #expect(try sessions(host).isEmpty)
            }
        }
    }
}
