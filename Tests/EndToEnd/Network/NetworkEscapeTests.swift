import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Ways round a policy's network list.
    @Suite(.enabled(if: TestNetwork.isPossible, "slirp4netns, nftables, iproute2 and util-linux are needed"))
    struct NetworkEscapeTests {
        private static let list = ["192.0.2.1:443"]

        /// Tries for 192.0.2.1:8080 past the list. What each of them gives does not matter.
        private static let attacks = """
            import subprocess
            def quietly(body, *arguments):
                try: body(*arguments)
                except OSError: pass
            def packet():
                # An Ethernet frame with a UDP datagram for 192.0.2.1:8080, past the filter of the IP layer.
                body = struct.pack("!HHHH", 1, 8080, 12, 0) + b"past"
                ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), 1, 0, 64, 17, 0,
                                 bytes([198, 19, 255, 100]), bytes([192, 0, 2, 1]))
                total = sum(struct.unpack("!10H", ip))
                total = (total >> 16) + (total & 0xffff)
                ip = ip[:10] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + ip[12:]
                return ip + body
            def raw():
                with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
                    s.sendto(packet(), ("192.0.2.1", 0))
            def frame():
                with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0x0008) as s:
                    s.sendto(packet(), ("tap0", 0x0800, 0, 0, bytes([0x52, 0x55, 10, 0, 2, 2])))
            def ping():
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as s:
                    s.sendto(b"\\x08\\0\\0\\0\\0\\0\\0\\0", ("192.0.2.1", 0))
            def options(option, value):
                with socket.socket() as s:
                    s.settimeout(0.5)
                    s.setsockopt(*option, value)
                    s.connect(("192.0.2.1", 8080))
            def other(protocol):
                with socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol) as s:
                    s.settimeout(0.5)
                    s.connect(("192.0.2.1", 8080))
            def source_route():
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    route = bytes([131, 7, 4, 192, 0, 2, 2, 0])
                    s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, route)
                    s.sendto(b"routed", ("192.0.2.1", 8080))
            def fast_open():
                with socket.socket() as s:
                    s.settimeout(0.5)
                    s.sendto(b"early", 0x20000000, ("192.0.2.1", 8080))
            def enter(pid):
                fd = os.open("/proc/%d/ns/net" % pid, os.O_RDONLY)
                result = call("setns", fd, 0x40000000)
                if result >= 0 and pid != os.getpid(): print("entered", pid)
            def by_pidfd(pid):
                fd = os.pidfd_open(pid)
                result = call("setns", fd, 0x40000000)
                if result >= 0 and pid != os.getpid(): print("entered by pidfd", pid)
            def change():
                for line in ["nft flush ruleset", "nft add rule inet altp output accept",
                             "nft delete table inet altp", "ip link set tap0 down", "ip route flush all",
                             "ip link add d0 type veth", "ip addr add 192.0.2.9/24 dev lo",
                             "ip netns add x", "sysctl -w net.ipv4.ip_forward=1"]:
                    subprocess.run("PATH=$PATH:/usr/sbin:/sbin " + line, shell=True, capture_output=True)
                attempt(write, "/proc/sys/net/ipv4/ip_forward", b"1")
                attempt(write, "/proc/sys/net/ipv4/conf/all/route_localnet", b"1")
                attempt(os.open, "/dev/net/tun", os.O_RDWR)
                attempt(os.mknod, "/scratch/tun", 0o20666, os.makedev(10, 200))
                attempt(os.open, "/scratch/tun", os.O_RDWR)
            def all():
                for body in [raw, frame, ping, source_route, fast_open, change]: quietly(body)
                for option, value in [((1, 36), 1), ((1, 25), b"tap0"), ((0, 19), 1), ((1, 5), 1), ((1, 62), 1)]:
                    quietly(options, option, value)
                for protocol in [132, 33, 262, 136]: quietly(other, protocol)
                for pid in range(1, 40):
                    quietly(enter, pid)
                    quietly(by_pidfd, pid)
            all()
            nested()
            all()
            # A network of its own has no way out, whatever may be done in it.
            call("unshare", 0x40000000)
            all()
            print("done")
            """

        /// The servers must have seen nothing of it.
        @Test(arguments: Filters.both) func theFilterCannotBeTouched(_ filter: String) throws {
            try withNetwork { network in
                let result = try network.run(Self.attacks, allow: Self.list, more: filter)
                #expect(result.output == "done\n", "\(result.output) \(result.errors)")
                #expect(network.calls == [])
                // Another sandbox still reaches what it may.
                #expect(try network.run("print(connect('192.0.2.1', 443))", allow: Self.list).output == "served 443\n")
            }
        }

        /// The tries are worth something: where the list has the port, they come through.
        @Test func theSameTriesComeThroughWhereTheyAreListed() throws {
            try withNetwork { network in
                let result = try network.run(Self.attacks, allow: ["192.0.2.0/24:8080"], more: "seccomp: none")
                #expect(result.output == "done\n", "\(result.output) \(result.errors)")
                #expect(network.calls.contains("tcp 8080"))
            }
        }

        @Test(arguments: Filters.both) func theLinkCannotBeReached(_ filter: String) throws {
            try withNetwork { network in
                let result = try network.run(
                    """
                    others = [pid for pid in range(1, 60) if pid != os.getpid()]
                    for pid in others:
                        for signal in [0, 9, 19]:
                            if attempt(os.kill, pid, signal) is None: print("signalled", pid)
                        for name in ["net/tcp", "net/unix", "cmdline", "status", "environ", "mem", "maps", "fd", "root/etc"]:
                            if os.path.exists("/proc/%d/%s" % (pid, name)): print("seen", pid, name)
                        fd = attempt(os.pidfd_open, pid)
                        if fd >= 0 and syscall(438, fd, 3, 0) >= 0: print("took a descriptor of", pid)
                        if syscall(101, 16, pid, 0, 0) >= 0: print("traced", pid)
                    print(sorted(name for name in os.listdir("/proc") if name.isdigit()) == [str(os.getpid())])
                    print(connect("192.0.2.1", 443))
                    """, allow: Self.list, more: filter)
                #expect(result.output == "True\nserved 443\n", "\(result.output) \(result.errors)")
            }
        }

        /// Abstract sockets belong to a network, so to the host's.
        @Test func theHostsAbstractSocketsAreOutOfReach() throws {
            try withNetwork { network in
                let program = """
                    with socket.socket(socket.AF_UNIX) as s:
                        try: s.connect("\\0altp-test-host"); print("connected")
                        except OSError as error: print(errno.errorcode[error.errno])
                    """
                #expect(try network.run(program, allow: Self.list).output == "ECONNREFUSED\n")
                var host = SandboxedCommand(python: Attack.python + program, policy: "network: host\n")
                host.prefix = network.prefix
                let reached = try host.run()
                #expect(reached.output == "connected\n", "the socket is there")
            }
        }

        @Test func sandboxesDoNotSeeEachOther() throws {
            try withNetwork { network in
                let marker = "36.\(getpid())"
                let everything = ["0.0.0.0/0:*", "[::/0]:*"]
                var inner: SandboxedCommand.Result?
                let outer = try network.run(
                    """
                    import select, subprocess
                    server = socket.create_server(("::", 9000), family=socket.AF_INET6, dualstack_ipv6=True)
                    abstract = socket.socket(socket.AF_UNIX)
                    abstract.bind("\\0altp-test-sandbox")
                    abstract.listen()
                    subprocess.run(["sleep", "\(marker)"])
                    print(len(select.select([server, abstract], [], [], 0)[0]))
                    """, allow: everything
                ) { _ in
                    let sleeper = try #require(HostProcess.waitFor(commandLine: ["sleep", marker]))
                    defer { kill(sleeper, SIGKILL) }
                    inner = try network.run(
                        """
                        for host in ["198.19.255.100", "fd00::100", "198.19.255.2", "127.0.0.1", "192.0.2.1"]:
                            print(connect(host, 9000))
                        with socket.socket(socket.AF_UNIX) as s:
                            print(-attempt(s.connect, "\\0altp-test-sandbox") == errno.ECONNREFUSED)
                        """, allow: everything)
                }
                #expect(
                    inner?.output == String(repeating: "ECONNREFUSED\n", count: 5) + "True\n",
                    "\(inner?.output ?? "") \(inner?.errors ?? "")")
                #expect(outer.output == "0\n")
            }
        }
    }
}
