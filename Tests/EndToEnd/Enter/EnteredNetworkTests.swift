import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Whoever enters has the network that the policy gives.
    @Suite(
        .enabled(if: TestNetwork.isPossible, "slirp4netns, nftables, iproute2 and util-linux are needed"))
    struct EnteredNetworkTests {
        private static let fetch = """
            #!/usr/bin/python3
            import socket, sys
            try:
                with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as connection:
                    print(connection.recv(100).decode())
            except OSError as error: sys.exit("no: %s" % error)

            """

        private static let files = [
            "policies/archive.yaml":
                "network: {allow: [\"archive.example:443\"]}\nlimits: {memory: 128M, wall_time: 10m, grace: 1s}\n",
            "tasks/listed/fetch.py": fetch, "tasks/none/fetch.py": fetch, "tasks/running/fetch.py": fetch,
            "tasks/listed.yaml": "policy: archive\nscripts: [{name: work, run: 'exit 3'}]\n",
            "tasks/running.yaml": "policy: archive\nscripts: [{name: work, run: 'exec sleep 1000'}]\n",
            "tasks/none.yaml": "policy: small\nscripts: [{name: work, run: 'exit 3'}]\n",
        ]

        @Test func aListHoldsForThemToo() throws {
            try withNetwork(hosts: "192.0.2.1 archive.example\n") { network in
                try withHost(Self.files, prefix: network.prefix) { host in
                    let running = try host.trigger("running")
                    try host.running(running, "work")
                    for id in [try host.failed("listed"), running] {
                        #expect(try host.inside("\(id)", "fetch.py archive.example 443") == "served 443\n")
                        #expect(try host.enter("\(id)", [], "fetch.py", "192.0.2.1", "8080").status == 1)
                    }
                    #expect(network.calls == ["tcp 443", "tcp 443"])
                    try host.altp("cancel", "\(running)")
                    try host.ended(running)
                }
            }
        }

        @Test(arguments: ["listed", "none"])
        func theHostsIsOnlyThereWhenItIsAskedFor(_ task: String) throws {
            try withNetwork(hosts: "192.0.2.1 archive.example\n") { network in
                try withHost(Self.files, prefix: network.prefix) { host in
                    let id = try host.failed(task)
                    #expect(try host.enter("\(id)", [], "fetch.py", "192.0.2.1", "8080").status == 1)
                    #expect(network.calls == [])
                    let relaxed = try host.inside("\(id)", ["--relax", "network"], "fetch.py archive.example 8080")
                    #expect(relaxed == "served 8080\n")
                }
            }
        }
    }
}
