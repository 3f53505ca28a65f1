import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Two sandboxes side by side, or a sandbox and a process of the host: neither sees or reaches the other.
    @Suite struct IsolationBetweenSandboxesTests {
        /// A sandbox that runs while the body does. It does its `opening`, says so, and waits for `SIGTERM`.
        private func withVictim(
            _ opening: String, closing: String = "",
            _ body: @escaping (_ victim: pid_t, _ attack: Attack) throws -> Void
        ) throws -> SandboxedCommand.Result {
            let attack = try Attack()
            return try attack.run(
                python: """
                    import signal
                    \(opening)
                    ended = []
                    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
                    helper = os.fork()
                    if helper == 0:
                        os.execvp("sleep", ["sleep", "\(attack.marker)"])
                    while not ended: time.sleep(0.02)
                    \(closing)
                    print("victim ended well")
                    os.kill(helper, 9)
                    """
            ) { _ in
                let sleeper = try attack.sleeper()
                let victim = try #require(try HostProcess.status(of: sleeper)["PPid"].flatMap { pid_t($0) })
                defer { kill(victim, SIGTERM) }
                // Its own stage, for the victim's is looked at when the victim has ended.
                try body(victim, try Attack())
            }
        }

        @Test(arguments: Filters.all) func anothersProcessesCannotBeTraced(_ filter: String) throws {
            let result = try withVictim("") { victim, attack in
                try attack.run(
                    python: """
                        for pid in list(range(1, 300)) + list(range(\(victim) - 50, \(victim) + 50)):
                            if pid == os.getpid(): continue
                            for request in [16, 0x4206]: call("ptrace", request, pid, 0, 0)
                        os.execvp("sleep", ["sleep", "\(attack.marker)"])
                        """, policy: filter
                ) { _ in
                    let sleeper = try attack.sleeper()
                    #expect(try HostProcess.status(of: victim)["TracerPid"] == "0")
                    kill(sleeper, SIGKILL)
                }
            }
            #expect(result.output == "victim ended well\n")
        }

        @Test(arguments: Filters.all) func anothersMemoryCannotBeWritten(_ filter: String) throws {
            let opening = """
                libc.mmap.restype = ctypes.c_void_p
                libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
                place = libc.mmap(0x10000000, 4096, 3, 0x32, -1, 0)
                ctypes.memmove(place, b"intact", 7)
                """
            let result = try withVictim(opening, closing: "print(ctypes.string_at(place))") { victim, attack in
                try attack.run(
                    python: """
                        class Vector(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
                        text = ctypes.create_string_buffer(b"broken")
                        mine, other = Vector(ctypes.addressof(text), 7), Vector(0x10000000, 7)
                        for pid in [\(victim)] + list(range(1, 300)):
                            call("process_vm_writev", pid, ctypes.byref(mine), 1, ctypes.byref(other), 1, 0)
                            try:
                                with open("/proc/%d/mem" % pid, "r+b", buffering=0) as memory:
                                    if pid != os.getpid(): memory.seek(0x10000000); memory.write(b"broken")
                            except OSError: pass
                        """, policy: filter)
            }
            #expect(result.output == "b'intact'\nvictim ended well\n")
        }

        @Test(arguments: Filters.all) func anotherSandboxCannotBeSignalled(_ filter: String) throws {
            let result = try withVictim("") { victim, attack in
                try attack.run(
                    python: """
                        for pid in [\(victim), -\(victim), \(victim) - 1, \(victim) + 1]: attempt(os.kill, pid, 9)
                        fd = attempt(os.pidfd_open, \(victim))
                        if fd >= 0: syscall(424, fd, 9, None, 0)
                        for pid in [\(victim)]: syscall(302, pid, 7, bytes(16), None)  # prlimit64 of its open files
                        attempt(os.kill, -1, 9)
                        """, policy: filter)
            }
            #expect(result.output == "victim ended well\n")
            #expect(result.report.kind == "success")
        }

        @Test func anothersFilesAreNotThere() throws {
            let opening = """
                for place in ["/tmp", "/dev/shm", "/scratch", "/run"]: attempt(write, place + "/of-the-victim", b"x")
                """
            _ = try withVictim(opening) { _, attack in
                let output = try attack.folder("output")
                try attack.run(
                    """
                    find / \\( -path /usr -o -path /proc \\) -prune -o -name of-the-victim -print 2>/dev/null > /output/found
                    ls -A /tmp /dev/shm /scratch >> /output/found
                    """, policy: "mounts: [{source: \(output), target: /output, mode: rw}]")
                #expect(try attack.stage.read("output/found") == "/dev/shm:\n\n/scratch:\n\n/tmp:\n")
            }
        }

        /// A listener of the host's and what came to it.
        private func heard(
            by listener: String, _ attack: Attack, whileListening: () throws -> Void
        ) throws -> String {
            let listening = try ChildProcess([
                "python3", "-c",
                """
                import ctypes, os, select, signal, socket, sys
                libc = ctypes.CDLL(None, use_errno=True)
                \(listener)
                print("listening", flush=True)
                signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
                while True:
                    select.select([server], [], [])
                    print("heard", server.accept()[0].recv(100), flush=True)
                """, attack.marker,
            ])
            defer { listening.signal(SIGKILL) }
            _ = try eventually("the listener is there") { listening.output.contains("listening") ? true : nil }
            try whileListening()
            listening.signal(SIGTERM)
            return try listening.wait().output
        }

        /// Abstract sockets have no file that a mount namespace could hide: the network namespace is what parts them.
        @Test(arguments: Filters.all) func theHostsAbstractSocketsAreOutOfReach(_ filter: String) throws {
            let attack = try Attack()
            let output = try heard(
                by: "server = socket.socket(socket.AF_UNIX); server.bind('\\0' + sys.argv[1]); server.listen()", attack
            ) {
                try attack.run(
                    python: """
                        client = socket.socket(socket.AF_UNIX)
                        attempt(lambda: client.connect("\\0\(attack.marker)") or client.send(b"hello"))
                        """, policy: filter)
            }
            #expect(output == "listening\n")
        }

        @Test(arguments: Filters.all) func theHostsLoopbackIsOutOfReach(_ filter: String) throws {
            let attack = try Attack()
            let output = try heard(
                by: """
                    server = socket.create_server(("127.0.0.1", 0))
                    open("\(attack.stage.path)/port", "w").write(str(server.getsockname()[1]))
                    """, attack
            ) {
                let port = try attack.stage.read("port")
                try attack.run(
                    python: """
                        for host in ["127.0.0.1", "localhost", "0.0.0.0", "::ffff:127.0.0.1"]:
                            attempt(lambda: socket.create_connection((host, \(port)), 2).send(b"hello"))
                        """, policy: filter)
            }
            #expect(output == "listening\n")
        }

        /// vsock addresses are of the machine, not of the network namespace.
        @Test(.enabled(if: hasVsock, "this kernel has no vsock loopback"))
        func theHostsVsockIsOutOfReach() throws {
            let attack = try Attack()
            let output = try heard(
                by: """
                    server = socket.socket(socket.AF_VSOCK)
                    server.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY)); server.listen()
                    open("\(attack.stage.path)/port", "w").write(str(server.getsockname()[1]))
                    """, attack
            ) {
                let port = try attack.stage.read("port")
                try attack.run(
                    python: """
                        for cid in [1, 2, 3]:
                            def reach():
                                client = socket.socket(40, socket.SOCK_STREAM); client.settimeout(2)
                                client.connect((cid, \(port))); client.send(b"hello")
                            attempt(reach)
                        """)
            }
            #expect(output == "listening\n")
        }

        /// Whether a vsock listener of this machine can be reached from the machine itself.
        static var hasVsock: Bool {
            let program = """
                import socket
                server = socket.socket(socket.AF_VSOCK)
                server.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY)); server.listen()
                client = socket.socket(socket.AF_VSOCK); client.settimeout(2)
                client.connect((1, server.getsockname()[1]))
                """
            return (try? execute(["python3", "-c", program]).status) == 0
        }

        @Test(arguments: Filters.all) func systemVMemoryIsNotShared(_ filter: String) throws {
            let attack = try Attack()
            let key = Int32.random(in: 1...Int32.max)
            let id = shmget(key, 4096, 0o1666)
            try #require(id >= 0)
            defer { shmctl(id, IPC_RMID, nil) }
            let memory = try #require(shmat(id, nil, 0))
            defer { shmdt(memory) }
            memory.storeBytes(of: 42, as: UInt8.self)
            try attack.run(
                python: """
                    libc.shmat.restype = ctypes.c_void_p
                    def tryAll():
                        for id in [libc.shmget(\(key), 4096, 0o666), \(id)]:
                            place = libc.shmat(id, None, 0)
                            if place not in [None, ctypes.c_void_p(-1).value]: ctypes.memset(place, 7, 16)
                            libc.shmctl(id, 0, None)
                    tryAll()
                    nested()
                    tryAll()
                    """, policy: filter)
            #expect(memory.load(as: UInt8.self) == 42)
        }

        @Test(arguments: Filters.all) func systemVMessageQueuesAreNotShared(_ filter: String) throws {
            let attack = try Attack()
            let key = Int32.random(in: 1...Int32.max)
            let id = msgget(key, 0o1666)
            try #require(id >= 0)
            defer { msgctl(id, IPC_RMID, nil) }
            try attack.run(
                python: """
                    for id in [libc.msgget(\(key), 0o666), \(id)]: libc.msgsnd(id, struct.pack("q5s", 1, b"hello"), 5, 0o4000)
                    """, policy: filter)
            var status = msqid_ds()
            #expect(msgctl(id, IPC_STAT, &status) == 0)
            #expect(status.msg_qnum == 0)
        }

        @Test(arguments: Filters.all) func posixMessageQueuesAreNotShared(_ filter: String) throws {
            let attack = try Attack()
            let host = { (call: String) in
                try execute([
                    "python3", "-c",
                    """
                    import ctypes, os, sys
                    libc = ctypes.CDLL(None, use_errno=True)
                    name = b"/" + sys.argv[1].encode()
                    attributes = (ctypes.c_long * 8)()
                    os.umask(0)
                    queue = libc.mq_open(name, 0o102 | 0o4000, 0o666, None)
                    libc.mq_getattr(queue, attributes)
                    print(queue >= 0, attributes[3])
                    \(call)
                    """, attack.marker,
                ]).output
            }
            try #require(try host("") == "True 0\n")
            defer { _ = try? host("libc.mq_unlink(name)") }
            try attack.run(
                python: """
                    queue = libc.mq_open(b"/\(attack.marker)", 0o1)
                    if queue >= 0: libc.mq_send(queue, b"hello", 5, 0)
                    """, policy: filter)
            #expect(try host("") == "True 0\n")
        }

        @Test func posixSharedMemoryIsNotShared() throws {
            let attack = try Attack()
            let path = "/dev/shm/altp-\(attack.marker)"
            try attack.secret.write(toFile: path, atomically: false, encoding: .utf8)
            chmod(path, 0o666)
            defer { unlink(path) }
            try attack.run("cat \(path); echo overwritten > \(path); echo x > \(path)-new; cat \(path) > /scratch/copy")
            #expect(HostText(path).text == attack.secret)
            #expect(access("\(path)-new", F_OK) != 0)
        }

        /// Keys have no namespace: by its number any process reaches one that is open to all.
        @Test func theHostsKeysAreOutOfReach() throws {
            let attack = try Attack()
            let program = { (call: String) in
                """
                import ctypes, sys
                libc = ctypes.CDLL(None, use_errno=True)
                \(call)
                """
            }
            let added = try execute([
                "python3", "-c",
                program(
                    """
                    key = libc.syscall(248, b"user", sys.argv[1].encode(), b"kept", 4, -4)  # add_key, the user's keyring
                    print(key, libc.syscall(250, 5, key, 0x3f3f3f3f))  # KEYCTL_SETPERM: everybody may everything
                    """), attack.marker,
            ])
            let key = try #require(added.output.split(separator: " ").first)
            try #require(added.output.hasSuffix(" 0\n"), "no keys here: \(added.output)")
            let host = { (call: String) in try execute(["python3", "-c", program(call)]).output }
            defer { _ = try? host("libc.syscall(250, 9, \(key), -4)") }
            try attack.run(
                python: """
                    syscall(250, 2, \(key), b"gone", 4)  # KEYCTL_UPDATE
                    syscall(250, 3, \(key))  # KEYCTL_REVOKE
                    syscall(250, 7, \(key))  # KEYCTL_CLEAR
                    """)
            let content = try host(
                """
                value = ctypes.create_string_buffer(16)
                print(libc.syscall(250, 11, \(key), value, 16), value.value)
                """)
            #expect(content == "4 b'kept'\n")
        }
    }
}
