import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// The API with TLS, and the command from another machine.
    @Suite struct TLSTests {
        private static let tasks = [
            "tasks/job.yaml": """
            policy: small
            scripts: [{name: work, run: "echo found > here; echo printed; exit 1"}]
            keep: {failed: 1h}

            """
        ]

        /// A certificate of its own authority for 127.0.0.1, in the folder.
        private static func makeCertificate(_ folder: TemporaryFolder, _ name: String) throws {
            let ended = try execute([
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", "\(folder.path)/\(name).key", "-out", "\(folder.path)/\(name).pem", "-days", "2", "-subj",
                "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
            ])
            guard ended.status == 0 else { throw TestFailure("openssl: \(ended.errors)") }
            chmod("\(folder.path)/\(name).key", 0o600)
        }

        private static func withEncryptedHost(_ body: (RemoteHost, TemporaryFolder) throws -> Void) throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try makeCertificate(folder, "first")
            for end in ["pem", "key"] { symlink("first.\(end)", "\(folder.path)/current.\(end)") }
            let tls = "tls: {certificate: \(folder.path)/current.pem, key: \(folder.path)/current.key}"
            try withRemoteHost(tasks, api: [tls]) { plain in
                let remote = RemoteHost(
                    host: plain.host, port: plain.port, scheme: "https",
                    environment: ["ALTP_CA": "\(folder.path)/first.pem"])
                try body(remote, folder)
            }
        }

        /// The subject that the server shows to a new connection.
        private static func subject(_ port: UInt16, _ arguments: String...) throws -> String {
            let ended = try execute(
                ["openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-verify_quiet"] + arguments, seconds: 20)
            return ended.output.split(separator: "\n").first { $0.hasPrefix("subject=") }.map(String.init)
                ?? ended.errors
        }

        @Test func theCommandWorksFromAnotherMachine() throws {
            try Self.withEncryptedHost { remote, folder in
                let token = try remote.token("ann", "--role", "admin")
                func altp(_ arguments: String...) throws -> ChildProcess.Ended {
                    try remote.altp(arguments, token: token)
                }
                let status = try altp("status")
                #expect(status.status == 0, "\(status.errors)")
                #expect(status.output.contains("https://127.0.0.1:\(remote.port)"))
                #expect(try altp("task", "trigger", "job", "--wait").status == 1)
                #expect(try altp("logs", "1").output.contains("printed"))
                #expect(try altp("ps").output.contains("failed (hard)"))
                // A WebSocket, both ways.
                let inside = try altp("enter", "1", "--", "/bin/sh", "-c", "cat here; head -c 300000 /dev/zero | wc -c")
                #expect(inside.status == 0, "\(inside.errors)")
                #expect(inside.output == "found\n300000\n")
                #expect(try altp("enter", "1", "--", "/bin/sh", "-c", "exit 7").status == 7)
                // A stream.
                let file = "\(folder.path)/case.tar"
                #expect(try altp("export", "1", "-o", file).status == 0)
                #expect(try FileManager.default.attributesOfItem(atPath: file)[.size] as? UInt64 ?? 0 > 1000)
                let audit = try remote.audit("--who", "token:ann")
                #expect(audit.contains { $0.path.hasSuffix("/sessions") && $0.origin.hasPrefix("127.0.0.1:") })
            }
        }

        @Test func noServerIsTrustedThatHasNotProvedItsName() throws {
            try Self.withEncryptedHost { remote, folder in
                let token = try remote.token("ann")
                try Self.makeCertificate(folder, "other")
                for variables in [["ALTP_CA": "\(folder.path)/other.pem"], [:]] {
                    var stranger = remote
                    stranger.environment = variables
                    let ended = try stranger.altp(["status"], token: token)
                    #expect(ended.status == 3)
                    #expect(
                        ended.errors.contains("not trusted") || ended.errors.contains("NOT trusted"), "\(ended.errors)")
                }
                var renamed = remote
                renamed.environment["ALTP_SERVER"] = "https://localhost.localdomain:\(remote.port)"
                #expect(try renamed.altp(["status"], token: token).status == 3)
                // Plain HTTP is not answered, and an old TLS neither.
                let plain = RemoteHost(host: remote.host, port: remote.port)
                #expect(try plain.send("GET", "/healthz", seconds: 5).status == nil)
                #expect(!(try Self.subject(remote.port, "-tls1_1")).hasPrefix("subject="))
                #expect(try Self.subject(remote.port, "-tls1_3").contains("first"))
                #expect(try Self.subject(remote.port, "-tls1_2").contains("first"))
            }
        }

        @Test func headersTellBrowsersToStayWithIt() throws {
            try Self.withEncryptedHost { remote, folder in
                let program = """
                    import ssl, sys, urllib.request
                    context = ssl.create_default_context(cafile=sys.argv[2])
                    answer = urllib.request.urlopen(f"https://localhost:{sys.argv[1]}/healthz", context=context)
                    print(answer.status, answer.headers["Strict-Transport-Security"])
                    """
                let ended = try execute([
                    "python3", "-B", "-c", program, "\(remote.port)", "\(folder.path)/first.pem",
                ])
                #expect(ended.output == "200 max-age=31536000\n", "\(ended.errors)")
            }
        }

        @Test func aRenewedCertificateIsTakenByAReload() throws {
            try Self.withEncryptedHost { remote, folder in
                let token = try remote.token("ann", "--role", "admin")
                #expect(try remote.altp(["task", "trigger", "job", "--wait"], token: token).status == 1)
                // A session over the old one, which must not break.
                let variables = remote.environment.merging([
                    "ALTP_SERVER": "https://127.0.0.1:\(remote.port)", "ALTP_TOKEN": token,
                ]) { $1 }
                let session = try ChildProcess(
                    [
                        Installation.path(of: "altp"), "enter", "1", "--", "/bin/sh", "-c",
                        "echo begun; while [ ! -e go ]; do sleep 0.1; done; echo done",
                    ], environment: variables)
                _ = try eventually("the session begins") { session.output.contains("begun") ? true : nil }
                // A key that does not belong to the certificate stays out.
                try Self.makeCertificate(folder, "second")
                func link(_ name: String, _ target: String) {
                    unlink("\(folder.path)/\(name)")
                    symlink(target, "\(folder.path)/\(name)")
                }
                link("current.pem", "second.pem")
                let refused = try remote.host.run("task", "reload")
                #expect(refused.status == 1)
                #expect(refused.errors.contains("do not belong together"), "\(refused.errors)")
                #expect(try Self.subject(remote.port).contains("first"))
                link("current.key", "second.key")
                try remote.host.altp("task", "reload")
                for _ in 0..<5 { #expect(try Self.subject(remote.port).contains("second")) }
                #expect(session.isRunning)
                try remote.host.altp("enter", "1", "--", "touch", "go")
                #expect(try session.wait().output == "begun\ndone\n")
                var renewed = remote
                renewed.environment = ["ALTP_CA": "\(folder.path)/second.pem"]
                #expect(try renewed.altp(["status"], token: token).status == 0)
            }
        }

        @Test func aKeyThatOthersCanReadIsRefused() throws {
            try Self.withEncryptedHost { remote, folder in
                chmod("\(folder.path)/first.key", 0o644)
                let ended = try remote.host.run("check", remote.host.configuration)
                #expect(ended.status == 1)
                #expect(ended.output.contains("has mode 0644"), "\(ended.output)")
            }
        }
    }

    /// The command over plain HTTP on the loopback, and what it says when it cannot.
    @Suite struct RemoteCommandTests {
        @Test func itSaysWhatIsMissing() throws {
            try withRemoteHost { remote in
                let token = try remote.token("ann")
                #expect(try remote.altp(["task", "list"], token: token).status == 0)
                let without = try remote.altp(["task", "list"], token: nil)
                #expect(without.status == 1)
                #expect(without.errors.contains("--token-file"))
                let wrong = try remote.altp(["task", "list"], token: token + "x")
                #expect(wrong.status == 1)
                #expect(wrong.errors.contains("revoked"))
                let viewer = try remote.altp(["stop"], token: token)
                #expect(viewer.status == 1)
                #expect(viewer.errors.contains("The token ann has the role viewer, and this needs admin."))
                try remote.host.root.write("token", token + "\n", mode: 0o600)
                let file = ["--token-file", "\(remote.host.root.path)/token"]
                #expect(try remote.altp(["task", "list"] + file, token: nil).status == 0)
                chmod(file[1], 0o644)
                #expect(try remote.altp(["task", "list"] + file, token: nil).status == 2)
                let nobody = try RemoteHost.freePort()
                let refused = try remote.altp(["status", "--server", "http://127.0.0.1:\(nobody)"], token: nil)
                #expect(refused.status == 3)
                #expect(refused.errors.contains("Connection refused"), "\(refused.errors)")
                #expect(try remote.altp(["status", "--server", "altp.example"], token: nil).status == 2)
                let unknown = try remote.altp(["status", "--server", "https://no-such-host.invalid"], token: nil)
                #expect(unknown.status == 3)
                #expect(unknown.errors.contains("looking up no-such-host.invalid"), "\(unknown.errors)")
                // No process of it is left behind.
                #expect(
                    HostProcess.all().allSatisfy { pid in
                        !((try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8))?.hasPrefix("altp-connect")
                            ?? false)
                    })
            }
        }
    }
}
