import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// A Script is known by the kernel's word, and as no other than itself.
    @Suite struct IdentityTests {
        /// Holds a connection, hands it over an abstract socket of the host's network, and ends.
        private static let giver = """
            #!/usr/bin/python3
            import array, os, socket, sys, time
            own = socket.socket(socket.AF_UNIX)
            own.connect("/run/altp.sock")
            own.sendall(b"GET /api/v1/self HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
            print(own.recv(4096).decode().split("\\r\\n")[0])
            there = socket.socket(socket.AF_UNIX)
            while True:
                try:
                    there.connect("\\0" + sys.argv[1])
                    break
                except ConnectionRefusedError: time.sleep(0.05)
            there.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [own.fileno()]))])
            there.recv(1)
            """

        /// Takes the connection, waits until the giver's Processing is at its next Script, and uses it.
        private static let taker = """
            #!/usr/bin/python3
            import array, os, socket, sys, time
            door = socket.socket(socket.AF_UNIX)
            door.bind("\\0" + sys.argv[1])
            door.listen()
            there, _ = door.accept()
            _, extra, _, _ = there.recvmsg(1, socket.CMSG_SPACE(4))
            given = socket.socket(fileno=array.array("i", extra[0][2])[0])
            def ask(connection, path):
                connection.sendall(f"GET /api/v1{path} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n".encode())
                return connection.recv(65536).decode().replace("\\r\\n", " ")
            # As long as the giver runs it is the giver's word.
            print("before:", ask(given, "/self"), flush=True)
            there.sendall(b"x")
            there.close()
            while not os.path.exists("/meeting/next"): time.sleep(0.05)
            print("after:", ask(given, "/self"), flush=True)
            """

        @Test func aConnectionOfAnAttemptThatHasEndedIsNobodys() throws {
            let meeting = try TemporaryFolder()
            defer { meeting.remove() }
            chmod(meeting.path, 0o755)
            let name = "altp-test-\(getpid())"
            let policy = """
                network: host
                limits: {cpu: 0.5, memory: 128M, wall_time: 1m, grace: 1s}
                mounts: [{source: \(meeting.path), target: /meeting}]
                """
            try withHost([
                "policies/open.yaml": policy,
                "tasks/giver.yaml": """
                policy: open
                scripts:
                  - {name: give, run: [give.py, \(name)]}
                  - {name: next, run: 'while [ ! -e /meeting/over ]; do sleep 0.05; done'}
                """,
                "tasks/giver/give.py": Self.giver,
                "tasks/taker.yaml": "policy: open\nscripts: [{name: take, run: [take.py, \(name)]}]\n",
                "tasks/taker/take.py": Self.taker,
            ]) { host in
                let taker = try host.trigger("taker")
                let giver = try host.trigger("giver")
                try host.running(giver, "next")
                try meeting.write("next", "")
                try host.ended(taker)
                try meeting.write("over", "")
                #expect(try host.ended(giver).status == "success")
                let lines = try host.altp("logs", "\(taker)/take").split(separator: "\n")
                let before = lines.first { $0.hasPrefix("before:") } ?? ""
                let after = lines.first { $0.hasPrefix("after:") } ?? ""
                #expect(before.contains("200 OK") && before.contains("\(giver)/give#1"), "\(before)")
                #expect(after.contains("403 Forbidden"), "\(after)")
                #expect(!after.contains("\(giver)/next"), "\(after)")
            }
        }

        @Test func withoutControlThereIsNoSocket() throws {
            try withHost([
                "policies/mute.yaml": "limits: {memory: 128M, wall_time: 1m}\ncontrol: none\n",
                "tasks/job.yaml": """
                policy: mute
                scripts: [{name: work, run: 'ls -A /run; altp progress 1; echo $?'}]
                """,
            ]) { host in
                let done = try host.complete("job")
                let log = try host.altp("logs", "\(done.id)/work")
                #expect(!log.contains("altp.sock\n"), "\(log)")
                #expect(log.contains("The policy's control is none"), "\(log)")
                #expect(log.hasSuffix("3\n"), "\(log)")
            }
        }

        /// Each level may what the one before may, and nothing of what the next one may.
        @Test(arguments: [
            ("self", "altp label own x", true), ("self", "altp label a x --of $ALTP_PROCESSING", false),
            ("self", "altp task trigger own", false), ("task", "altp label a x --of $ALTP_PROCESSING", true),
            ("task", "altp task trigger own", true), ("task", "altp task trigger other", false),
            ("task", "altp label a x --of 1", false), ("host", "altp label a x --of 1", true),
            ("host", "altp task trigger other", true), ("host", "altp cancel 1", true),
        ])
        func eachLevelIsItsOwn(control: String, command: String, isAllowed: Bool) throws {
            try withHost([
                "policies/limited.yaml": "limits: {memory: 128M, wall_time: 1m}\ncontrol: \(control)\n",
                "tasks/other.yaml": "policy: small\nscripts: [{name: work, run: 'sleep 50'}]\n",
                "tasks/own.yaml": """
                policy: limited
                scripts: [{name: work, run: 'test $ALTP_PROCESSING != 2 || \(command)'}]
                """,
            ]) { host in
                #expect(try host.trigger("other") == 1)
                try host.running(1, "work")
                let done = try host.complete("own")
                #expect(done.id == 2)
                let log = try host.altp("logs", "2/work")
                #expect((done.status == "success") == isAllowed, "\(log)")
                if !isAllowed { #expect(log.contains("control: ") || log.contains("its own Task"), "\(log)") }
                if try host.processing(1).endedAt == nil { try host.altp("cancel", "1") }
                for processing in try host.processings() { try host.ended(processing.id) }
            }
        }
    }
}
