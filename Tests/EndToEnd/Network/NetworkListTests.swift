import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// What a policy's network list lets through, and what it says of the rest.
    @Suite(.enabled(if: TestNetwork.isPossible, "slirp4netns, nftables, iproute2 and util-linux are needed"))
    struct NetworkListTests {
        typealias Refused = SandboxedCommand.Report.Connection

        @Test func whatIsListedIsReached() throws {
            try withNetwork(hosts: "192.0.2.1 archive.example\n2001:db8::1 archive.example\n") { network in
                let result = try network.run(
                    """
                    print(connect("192.0.2.1", 443), connect("2001:db8::1", 443), connect("archive.example", 8080))
                    print(connect("192.0.2.2", 53), exchange("192.0.2.1", 443), exchange("2001:db8::1", 443))
                    print(exchange("192.0.2.2", 53, b"x" * 1000) == "x" * 1000)
                    print([line for line in open("/etc/hosts") if "example" in line])
                    """,
                    allow: ["192.0.2.1:443", "[2001:db8::/64]:443", "archive.example:8080", "192.0.2.0/24:53"])
                #expect(
                    result.output == """
                        served 443 served 443 served 8080
                        served 53 echo echo
                        True
                        ['192.0.2.1 archive.example\\n', '2001:db8::1 archive.example\\n']

                        """
                        || result.output == """
                            served 443 served 443 served 8080
                            served 53 echo echo
                            True
                            ['2001:db8::1 archive.example\\n', '192.0.2.1 archive.example\\n']

                            """,
                    "\(result.output) \(result.errors)")
                #expect(result.report.kind == "success")
                #expect(result.report.refusedConnections == [])
                #expect(
                    network.calls.sorted() == [
                        "tcp 443", "tcp 443", "tcp 53", "tcp 8080", "udp 443", "udp 443", "udp 53",
                    ])
            }
        }

        @Test func theRestIsRefusedAtOnceCountedAndNamed() throws {
            try withNetwork { network in
                let result = try network.run(
                    """
                    start = time.monotonic()
                    # Another port, three times; another address; the same by IPv6.
                    for _ in range(3): print(connect("192.0.2.1", 8080))
                    print(connect("192.0.2.2", 443), connect("2001:db8::1", 443))
                    # The resolver of the host, and those of slirp4netns; then its gateway, by which it would reach the host.
                    print(exchange("192.0.2.1", 53), exchange("198.19.255.3", 53), exchange("fd00::3", 53))
                    print(connect("198.19.255.2", 443), connect("fd00::2", 443))
                    # The host's loopback is not here, and a machine that serves metadata is refused.
                    print(connect("127.0.0.1", 443), connect("::1", 443), connect("169.254.169.254", 443))
                    try: socket.getaddrinfo("example.com", 443); print("resolved")
                    except socket.gaierror: print("unknown")
                    print(time.monotonic() - start < 5)
                    sys.exit(1)
                    """, allow: ["192.0.2.1:443"])
                #expect(
                    result.output == """
                        ECONNREFUSED
                        ECONNREFUSED
                        ECONNREFUSED
                        ECONNREFUSED ECONNREFUSED
                        EPERM EPERM EPERM
                        ECONNREFUSED ECONNREFUSED
                        ECONNREFUSED ECONNREFUSED ECONNREFUSED
                        unknown
                        True

                        """, "\(result.output) \(result.errors)")
                let refused: Set<Refused> = [
                    .init(destination: "192.0.2.1:8080", transport: "tcp", count: 3),
                    .init(destination: "192.0.2.2:443", transport: "tcp", count: 1),
                    .init(destination: "[2001:db8::1]:443", transport: "tcp", count: 1),
                    .init(destination: "192.0.2.1:53", transport: "udp", count: 1),
                    .init(destination: "198.19.255.3:53", transport: "udp", count: 1),
                    .init(destination: "[fd00::3]:53", transport: "udp", count: 1),
                    .init(destination: "198.19.255.2:443", transport: "tcp", count: 1),
                    .init(destination: "[fd00::2]:443", transport: "tcp", count: 1),
                    .init(destination: "169.254.169.254:443", transport: "tcp", count: 1),
                ]
                #expect(Set(result.report.refusedConnections ?? []) == refused)
                #expect(result.report.refusedConnections?.first?.count == 3)
                #expect(
                    result.report.reason.hasPrefix(
                        "exit status 1; the policy's network list refused it 192.0.2.1:8080/tcp 3 times, "))
                #expect(result.report.reason.hasSuffix(" and 5 more"))
                #expect(network.calls == [])
            }
        }

        /// A list of everything is still none of the host's own.
        @Test func aBroadListLeavesOutTheHost() throws {
            try withNetwork { network in
                let result = try network.run(
                    """
                    print(connect("192.0.2.1", 8080), connect("2001:db8::2", 443))
                    print(connect("198.19.255.2", 443), exchange("198.19.255.3", 53), connect("fd00::2", 443))
                    print(connect("169.254.169.254", 443), connect("::ffff:127.0.0.1", 443))
                    """, allow: ["0.0.0.0/0:*", "[::/0]:*"])
                #expect(
                    result.output
                        == "served 8080 served 443\nECONNREFUSED EPERM ECONNREFUSED\nECONNREFUSED ECONNREFUSED\n")
                #expect(network.calls.sorted() == ["tcp 443", "tcp 8080"])
            }
        }

        @Test(arguments: [
            (
                "nowhere.example:443",
                "looking up nowhere.example, which the policy's network list allows: the host knows no"
            ),
            ("loop.example:443", "its address 127.0.0.5 is the sandbox's own loopback"),
        ])
        func aNameWithoutAddressIsAFailureOfSetup(_ endpoint: String, _ message: String) throws {
            try withNetwork(hosts: "127.0.0.5 loop.example\n") { network in
                let result = try network.run("print('ran')", allow: [endpoint])
                #expect(result.status == 125)
                #expect(result.output == "")
                #expect(result.report.kind == "setup")
                #expect(result.report.reason.contains(message), "\(result.report.reason)")
                #expect(result.errors.contains(message))
            }
        }

        /// Other lists of destinations than the Script's own choice stay short.
        @Test func aFloodOfDestinationsIsCountedWhole() throws {
            try withNetwork { network in
                let result = try network.run(
                    """
                    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    for number in range(20000):
                        attempt(datagrams.sendto, b"", ("203.0.%d.%d" % (number // 250, number % 250 + 1), 9))
                    """, allow: ["192.0.2.1:443"])
                let refused = try #require(result.report.refusedConnections)
                #expect(refused.count <= 70)
                #expect(refused.reduce(0) { $0 + $1.count } == 20_000)
                #expect(refused.first == .init(destination: "other destinations", transport: "udp", count: 19_936))
            }
        }

        @Test func theLinkIsNotOneOfTheScriptsProcesses() throws {
            try withNetwork { network in
                let limits = "limits: {pids: 8, memory: 64M}"
                let program = """
                    children = []
                    for _ in range(COUNT):
                        pid = os.fork()
                        if pid == 0: time.sleep(0.5); os._exit(0)
                    print(connect("192.0.2.1", 443))
                    """
                let result = try network.run(
                    program.replacing("COUNT", with: "7"), allow: ["192.0.2.1:443"], more: limits)
                #expect(result.output == "served 443\n")
                #expect(result.report.kind == "success")
                let more = try network.run(
                    program.replacing("COUNT", with: "8"), allow: ["192.0.2.1:443"], more: limits)
                #expect(more.report.kind == "pids")
                #expect(more.report.limit?.limit == 8)
            }
        }

        @Test func aLostLinkIsSaid() throws {
            try withNetwork { network in
                let marker = "34.\(getpid())"
                let result = try network.run(
                    """
                    import subprocess
                    print(connect("192.0.2.1", 443), flush=True)
                    subprocess.run(["sleep", "\(marker)"])
                    sys.exit(3)
                    """, allow: ["192.0.2.1:443"]
                ) { runner in
                    let sleeper = try #require(HostProcess.waitFor(commandLine: ["sleep", marker]))
                    let pid1 = try #require(
                        HostProcess.all().first { (try? HostProcess.status(of: $0))?["PPid"] == "\(runner)" })
                    let link = try #require(TestNetwork.link(below: pid1))
                    kill(link, SIGKILL)
                    try eventually("the link is gone") { TestNetwork.link(below: pid1) == nil ? () : nil }
                    kill(sleeper, SIGKILL)
                }
                #expect(result.output == "served 443\n")
                #expect(
                    result.report.reason
                        == "exit status 3; its network was lost before its end: slirp4netns ended with signal 9")
            }
        }

        enum Ended: String, CaseIterable { case byItself, runnerKilled, pid1Killed, timeout }

        @Test(arguments: Ended.allCases) func nothingOfItStays(_ end: Ended) throws {
            try withNetwork { network in
                let marker = "35.\(getpid())"
                let policy = "network: {allow: [\"192.0.2.1:443\"]}\nlimits: {wall_time: 3s, grace: 200ms}\n"
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write("policy.yaml", policy)
                let runner = try ChildProcess(
                    network.prefix + [
                        try Installation.path(of: "altp"), "run", "--policy", "\(folder.path)/policy.yaml", "--",
                        "sleep",
                        marker,
                    ], environment: ["ALTP_RUN_DIR": folder.path])
                let sleeper = try #require(HostProcess.waitFor(commandLine: ["sleep", marker]))
                defer { kill(sleeper, SIGKILL) }
                let namespace = try #require(HostProcess.namespace("net", of: sleeper))
                let pid1 = try #require(
                    HostProcess.all().first { (try? HostProcess.status(of: $0))?["PPid"] == "\(runner.pid)" })
                let link = try #require(TestNetwork.link(below: pid1))
                #expect(HostProcess.namespace("net", of: pid1) == namespace)
                // Its work counts as the Script's.
                let groups = try [link, sleeper].map {
                    try String(contentsOfFile: "/proc/\($0)/cgroup", encoding: .utf8)
                }
                #expect(groups[0] == groups[1])
                #expect(HostProcess.namespace("net", of: link) == HostProcess.namespace("net", of: runner.pid))
                switch end {
                case .byItself: kill(sleeper, SIGTERM)
                case .runnerKilled: runner.signal(SIGKILL)
                case .pid1Killed: kill(pid1, SIGKILL)
                case .timeout: break
                }
                try runner.wait()
                try eventually("the link and the namespace are gone") {
                    HostProcess.namespace("net", of: link) == nil && !TestNetwork.isUsed(namespace) ? () : nil
                }
                #expect(HostProcess.find(commandLine: ["sleep", marker]) == nil)
                if end == .runnerKilled {
                    let next = [try Installation.path(of: "altp"), "run", "--", "true"]
                    try eventually("the next run clears up") {
                        _ = try ChildProcess(next, environment: ["ALTP_RUN_DIR": folder.path]).wait()
                        return HostProcess.groups(below: "/sys/fs/cgroup", named: "run.\(runner.pid).").isEmpty
                            ? () : nil
                    }
                }
                #expect(HostProcess.groups(below: "/sys/fs/cgroup", named: "run.\(runner.pid).") == [])
            }
        }

        @Test(arguments: [
            ("/usr/bin/slirp4netns", "slirp4netns is not installed: apt-get install slirp4netns"),
            ("/usr/sbin/nft", "nft is not installed: apt-get install nftables"),
            ("/dev/net/tun", "access /dev/net/tun: No such file or directory: modprobe tun"),
        ])
        func aHostThatCannotHoldAListSaysWhatIsMissing(_ path: String, _ message: String) throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("policy.yaml", "network: {allow: [\"192.0.2.1:443\"]}\n")
            try folder.write("nothing", "")
            let hide =
                path.hasPrefix("/dev")
                ? "mount -t tmpfs none /dev/net" : "mount --bind \(folder.path)/nothing \(path)"
            let altp = try Installation.path(of: "altp")
            let prefix = ["unshare", "--mount", "sh", "-c", "\(hide) && exec \"$@\"", "sh", altp]
            let run = try execute(prefix + ["run", "--policy", "\(folder.path)/policy.yaml", "--", "true"])
            #expect(run.status == 125)
            #expect(
                run.errors.contains("this host cannot enforce the policy policy: network: \(message)"), "\(run.errors)")
            let doctor = try execute(prefix + ["doctor"])
            #expect(doctor.output.contains("caution  network lists"))
            #expect(doctor.output.contains("→ \(message)"), "\(doctor.output)")
            #expect(doctor.status == 0)
            let whole = try execute([altp, "doctor"])
            #expect(whole.output.contains("pass     network lists"))
        }
    }
}
