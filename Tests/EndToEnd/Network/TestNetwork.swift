import FoundationEssentials
import Glibc

/// A "host's network" of one test's own: a network namespace with servers in it, which goes with the process that makes
/// the servers. Nothing of it is on the machine's network.
final class TestNetwork {
    private let servers: ChildProcess
    private let folder: TemporaryFolder

    static let isPossible = ["slirp4netns", "nft", "ip", "nsenter", "unshare"].allSatisfy { name in
        ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].contains { access("\($0)/\(name)", X_OK) == 0 }
    }

    /// TCP servers say who they are, UDP servers send back what they got; each notes its callers.
    private static let program = """
        import socket, subprocess, sys, threading
        for line in \"\"\"
            link set lo up
            link add v0 type veth peer name v1
            link set v0 up
            link set v1 up
            addr add 192.0.2.1/24 dev v0
            addr add 192.0.2.2/24 dev v0
            -6 addr add 2001:db8::1/64 dev v0 nodad
            -6 addr add 2001:db8::2/64 dev v0 nodad
        \"\"\".strip().split("\\n"): subprocess.check_call(["ip"] + line.split())
        def note(*words): print(*words, flush=True)
        def tcp(port):
            server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
            def serve():
                while True:
                    connection, peer = server.accept()
                    note("tcp", port)
                    connection.sendall(b"served %d" % port)
                    connection.close()
            threading.Thread(target=serve).start()
        def udp(port):
            server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            server.bind(("::", port))
            def serve():
                while True:
                    data, peer = server.recvfrom(9000)
                    note("udp", port)
                    server.sendto(data, peer)
            threading.Thread(target=serve).start()
        for port in [53, 443, 8080]: tcp(port); udp(port)
        abstract = socket.socket(socket.AF_UNIX)
        abstract.bind("\\0altp-test-host")
        abstract.listen()
        note("ready")
        """

    init(hosts: String = "") throws {
        folder = try TemporaryFolder()
        try folder.write("hosts", "127.0.0.1 localhost\n::1 localhost\n\(hosts)")
        servers = try ChildProcess(["unshare", "--net", "python3", "-c", Self.program])
        try eventually("the servers are ready") {
            guard servers.isRunning else { throw TestFailure("the servers ended: \(servers.errors)") }
            return servers.output.contains("ready") ? () : nil
        }
    }

    /// What becomes a command in this network, with these names in its `/etc/hosts`.
    var prefix: [String] {
        [
            "nsenter", "--net=/proc/\(servers.pid)/ns/net", "unshare", "--mount", "sh", "-c",
            "mount --bind \(folder.path)/hosts /etc/hosts && exec \"$@\"", "sh",
        ]
    }

    /// What came to the servers, such as `tcp 443`, in their order.
    var calls: [String] { servers.output.split(separator: "\n").map(String.init).filter { $0 != "ready" } }

    func close() {
        servers.signal(SIGKILL)
        _ = try? servers.wait(seconds: 10)
        folder.remove()
    }

    /// Runs a command in a sandbox of this network with an allow list.
    @discardableResult
    func run(
        _ program: String, allow: [String], more: String = "", seconds: Double = 60,
        whileRunning: ((pid_t) throws -> Void)? = nil
    ) throws -> SandboxedCommand.Result {
        let list = allow.map { "\"\($0)\"" }.joined(separator: ", ")
        var command = SandboxedCommand(
            python: Self.python + program, policy: "network: {allow: [\(list)]}\n\(more)\n")
        command.prefix = prefix
        return try command.run(seconds: seconds, whileRunning: whileRunning)
    }

    /// What the programs in the sandbox begin with: each try prints what came of it.
    private static let python =
        Attack.python + """
            def connect(host, port):
                try:
                    with socket.create_connection((host, port), 5) as connection: return connection.recv(100).decode()
                except OSError as error: return errno.errorcode.get(error.errno, str(error))
            def exchange(host, port, data=b"echo"):
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                with socket.socket(family, socket.SOCK_DGRAM) as datagrams:
                    datagrams.settimeout(5)
                    try:
                        datagrams.sendto(data, (host, port))
                        return datagrams.recvfrom(9000)[0].decode()
                    except OSError as error: return errno.errorcode.get(error.errno, str(error))

            """

    /// The program that links the network of the sandbox whose pid 1 this is.
    static func link(below pid1: pid_t) -> pid_t? {
        HostProcess.all().first { pid in
            let status = try? HostProcess.status(of: pid)
            return status?["PPid"] == "\(pid1)" && status?["Name"] == "slirp4netns"
        }
    }

    /// Whether any process is in this network namespace.
    static func isUsed(_ namespace: String) -> Bool {
        HostProcess.all().contains { HostProcess.namespace("net", of: $0) == namespace }
    }
}

/// Runs a body with a network, which is gone afterwards.
func withNetwork(hosts: String = "", _ body: (TestNetwork) throws -> Void) throws {
    let network = try TestNetwork(hosts: hosts)
    defer { network.close() }
    try body(network)
}
