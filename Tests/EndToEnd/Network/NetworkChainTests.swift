import Testing
import Wire

extension EndToEnd {
    /// Network lists in the Launcher: each Script of a chain has its own.
    @Suite(.enabled(if: TestNetwork.isPossible, "slirp4netns, nftables, iproute2 and util-linux are needed"))
    struct NetworkChainTests {
        private static let fetch = """
            import socket, sys
            try:
                with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as connection:
                    print(connection.recv(100).decode())
            except OSError as error: sys.exit("no: %s" % error)
            """

        private static let files = [
            "policies/archive.yaml": "network: {allow: [\"archive.example:443\"]}\n",
            "policies/nowhere.yaml": "network: {allow: [\"nowhere.example:443\"]}\n",
            "tasks/t/fetch.py": "#!/usr/bin/python3\n\(fetch)\n",
            "tasks/t.yaml": """
            scripts:
              - {name: load, policy: archive, run: [fetch.py, archive.example, "443"]}
              - {name: alone, run: 'fetch.py 192.0.2.1 443 || true'}
              - {name: other, policy: archive, run: 'fetch.py 192.0.2.1 8080 || fetch.py 192.0.2.1 8080'}
            """,
            "tasks/lost.yaml": "policy: nowhere\nscripts:\n  - {name: work, run: 'true'}\n",
        ]

        @Test func whatARefusalSaysIsSeenEverywhere() throws {
            try withNetwork(hosts: "192.0.2.1 archive.example\n") { network in
                try withHost(Self.files, prefix: network.prefix) { host in
                    let ended = try host.complete("t")
                    #expect(ended.outcome == "hard")
                    #expect(try host.altp("logs", "\(ended.id)/load") == "served 443\n")
                    let attempts = try #require(ended.scripts).compactMap(\.attempts.first?.evidence)
                    #expect(attempts.map(\.kind) == ["success", "success", "hard"])
                    #expect(attempts.map(\.refusedConnections?.count) == [0, nil, 1])
                    #expect(
                        attempts.last?.refusedConnections == [
                            .init(destination: "192.0.2.1:8080", transport: "tcp", count: 2)
                        ])
                    #expect(network.calls == ["tcp 443"])
                    let why = try host.why(ended.id)
                    #expect(
                        why.facts.contains {
                            $0.text == "its policy's network list refused 192.0.2.1:8080/tcp 2 times"
                        },
                        "\(why.facts.map(\.text))")
                    #expect(
                        try host.altp("processing", "show", "\(ended.id)").contains("refused 192.0.2.1:8080/tcp ×2"))

                    let lost = try host.complete("lost")
                    #expect(lost.outcome == "setup")
                    let reason = lost.scripts?.first?.attempts.first?.evidence?.reason ?? ""
                    #expect(reason.contains("the host knows no such name"), "\(reason)")
                }
            }
        }
    }
}
