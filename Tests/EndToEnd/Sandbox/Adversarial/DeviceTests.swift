import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Device nodes, terminals, and the kernel's interfaces that programs have no use for.
    @Suite struct DeviceTests {
        /// The host's disk, read or written past every file's mode.
        @Test(arguments: Filters.all) func noDeviceNodeCanBeMade(_ filter: String) throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            var disk = stat()
            try #require(stat(attack.stage.path, &disk) == 0)
            try attack.run(
                python: """
                    import stat
                    def tryAll(name):
                        for place in ["/output/", "/scratch/", "/tmp/", "/dev/shm/"]:
                            for kind, device in [(stat.S_IFBLK, \(disk.st_dev)), (stat.S_IFCHR, os.makedev(1, 1)),
                                                 (stat.S_IFCHR, os.makedev(1, 11)), (stat.S_IFCHR, os.makedev(10, 200))]:
                                path = "%s%s-%d" % (place, name, device)
                                attempt(os.mknod, path, kind | 0o666, device)
                                fd = attempt(os.open, path, os.O_RDWR)
                                if fd is not None and fd >= 0: attempt(write, "/output/opened", path.encode())
                    tryAll("plain")
                    nested()
                    tryAll("nested")
                    """, policy: "\(filter)\nmounts: [{source: \(output), target: /output, mode: rw}]")
            #expect(FileTree.names(in: output) == [])
        }

        /// `/dev/kmsg` as a node in a mounted directory, open to all: a line written to it is in the kernel's log.
        @Test(arguments: Filters.all) func aDeviceNodeInAMountedDirectoryIsDead(_ filter: String) throws {
            let attack = try Attack()
            let folder = try attack.folder("devices")
            try #require(mknod("\(folder)/kmsg", S_IFCHR | 0o666, 1 << 8 | 11) == 0)
            chmod("\(folder)/kmsg", 0o666)
            try attack.run(
                python: """
                    def tryAll():
                        for path in ["/devices/kmsg", "/scratch/devices/kmsg"]: attempt(write, path, b"\(attack.marker) was here")
                    tryAll()
                    nested()
                    os.mkdir("/scratch/devices")
                    call("mount", b"none", b"/devices", b"none", 0x20 | 0x1000, None)
                    call("mount", b"/devices", b"/scratch/devices", None, 0x1000, None)
                    tryAll()
                    """, policy: "\(filter)\nmounts: [{source: \(folder), target: /devices, mode: rw}]")
            #expect(KernelLog.count(of: attack.marker) == 0)
        }

        @Test func theDevicesAreTheseAndNoOthers() throws {
            let attack = try Attack()
            let result = try attack.run(
                "find /dev -type b; find /dev -type c | sort; ls /dev/mapper /dev/input /dev/net 2>/dev/null")
            #expect(
                result.output.split(separator: "\n") == [
                    "/dev/full", "/dev/null", "/dev/pts/ptmx", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero",
                ])
        }

        /// TIOCSTI puts characters into the terminal's input: the starter's shell would execute them afterwards.
        @Test(arguments: Filters.all) func nothingIsTypedIntoTheStartersTerminal(_ filter: String) throws {
            let attack = try Attack()
            try attack.stage.write("policy.yaml", filter)
            try attack.stage.write(
                "inject.py",
                Attack.python + """
                    import fcntl, termios
                    def tryAll():
                        for fd in [0, 1, 2, attempt(os.open, "/dev/tty", os.O_RDWR)]:
                            if fd < 0: continue
                            attempt(lambda: fcntl.ioctl(fd, termios.TIOCSCTTY, 1) and 0)
                            for character in b"injected\\n":
                                attempt(lambda: fcntl.ioctl(fd, termios.TIOCSTI, bytes([character])) and 0)
                            attempt(lambda: fcntl.ioctl(fd, 0x541C, b"\\x02") and 0)  # TIOCLINUX
                    tryAll()
                    attempt(os.setsid)
                    if os.fork() == 0: os.setsid(); tryAll(); os._exit(0)
                    os.wait()
                    """)
            // A shell on a terminal of its own: what it reads after the sandbox is what was typed.
            let shell = try ChildProcess(
                [
                    "python3", "-c",
                    """
                    import os, pty, sys
                    pid, terminal = pty.fork()
                    if pid == 0: os.execv("/bin/sh", ["sh", "-c", sys.argv[1]])
                    sent, seen = False, b""
                    while True:
                        try: data = os.read(terminal, 4096)
                        except OSError: break
                        if not data: break
                        seen += data
                        if b"ready" in seen and not sent: sent = True; os.write(terminal, b"typed\\n")
                    os.waitpid(pid, 0)
                    sys.stdout.buffer.write(seen)
                    """,
                    """
                    \(try Installation.path(of: "altp")) run --policy \(attack.stage.path)/policy.yaml \
                    -- python3 -c "$(cat \(attack.stage.path)/inject.py)"
                    echo ready; read line; echo "read: $line"
                    """,
                ], environment: ["ALTP_RUN_DIR": attack.runs]
            ).wait()
            #expect(shell.output.contains("read: typed"), "\(shell.output)")
            #expect(!shell.output.contains("injected"))
        }

        struct Refused: Sendable, CustomTestStringConvertible {
            /// As the report names it.
            var name: String
            /// A Python call that would succeed, or fail otherwise, without the filter.
            var attempt: String

            var testDescription: String { name }
        }

        /// Each widens what an attacker can reach in the kernel, or acts on the host. The numbers are those of x86-64.
        static let refused: [Refused] = [
            Refused(name: "bpf", attempt: "syscall(321, 0, bytes(128), 128)"),
            Refused(
                name: "perf_event_open", attempt: "syscall(298, bytes([1, 0, 0, 0, 128]) + bytes(123), 0, -1, -1, 0)"),
            Refused(name: "userfaultfd", attempt: "syscall(323, 1)"),
            Refused(name: "io_uring_setup", attempt: "syscall(425, 4, ctypes.create_string_buffer(256))"),
            Refused(name: "add_key", attempt: "syscall(248, b'user', b'name', b'x', 1, -3)"),
            Refused(name: "request_key", attempt: "syscall(249, b'user', b'name', None, 0)"),
            Refused(name: "keyctl", attempt: "syscall(250, 0, -3, 1)"),
            Refused(name: "init_module", attempt: "syscall(175, b'x', 1, b'')"),
            Refused(name: "finit_module", attempt: "syscall(313, 0, b'', 0)"),
            Refused(name: "delete_module", attempt: "syscall(176, b'no_such_module', 0)"),
            Refused(name: "kexec_load", attempt: "syscall(246, 0, 0, None, 0)"),
            Refused(name: "reboot", attempt: "syscall(169, 0, 0, 0, None)"),
            Refused(name: "swapon", attempt: "syscall(167, b'/scratch/none', 0)"),
            Refused(name: "syslog", attempt: "syscall(103, 10, None, 0)"),
            Refused(name: "open_by_handle_at", attempt: "syscall(304, -100, bytes(16), 0)"),
            Refused(name: "process_vm_readv", attempt: "syscall(310, 1, None, 0, None, 0, 0)"),
            Refused(name: "process_vm_writev", attempt: "syscall(311, 1, None, 0, None, 0, 0)"),
            Refused(name: "pidfd_getfd", attempt: "syscall(438, 0, 0, 0)"),
            Refused(name: "setns", attempt: "syscall(308, 0, 0)"),
            Refused(name: "mount", attempt: "syscall(165, b'none', b'/tmp', b'tmpfs', 0, None)"),
            Refused(name: "fsopen", attempt: "syscall(430, b'tmpfs', 0)"),
            Refused(name: "open_tree", attempt: "syscall(428, -100, b'/', 0)"),
            Refused(name: "pivot_root", attempt: "syscall(155, b'.', b'.')"),
            Refused(name: "chroot", attempt: "syscall(161, b'/scratch')"),
            Refused(name: "acct", attempt: "syscall(163, None)"),
            Refused(name: "quotactl", attempt: "syscall(179, 0, None, 0, None)"),
            Refused(name: "iopl", attempt: "syscall(172, 3)"),
            Refused(name: "socket", attempt: "syscall(41, 40, 1, 0)"),
            Refused(name: "fanotify_init", attempt: "syscall(300, 0, 0)"),
        ]

        static var isX86: Bool {
            #if arch(x86_64)
                true
            #else
                false
            #endif
        }

        @Test(.enabled(if: isX86, "the calls' numbers are those of x86-64"), arguments: refused)
        func theCallIsRefusedAndNamed(_ test: Refused) throws {
            let attack = try Attack()
            let result = try attack.run(python: "print(\(test.attempt))")
            #expect(result.report.kind == "success")
            #expect(
                result.report.deniedCalls.first { $0.name == test.name }?.count == 1, "\(result.report.deniedCalls)")
            #expect(result.output == "-\(EPERM)\n")
        }

        /// The 32-bit call of the same deed, by the old interrupt, has another number than the one that the filter knows.
        @Test(
            .enabled(if: isX86, "the interrupt and the x32 numbers are those of x86-64"), arguments: ["int80", "x32"])
        func noOtherNumberingGetsRoundTheFilter(_ how: String) throws {
            let attack = try Attack()
            let tools = try attack.folder("tools")
            try attack.compile(
                "tools/unshare",
                """
                #define _GNU_SOURCE
                #include <stdio.h>
                #include <string.h>
                #include <unistd.h>
                int main(int count, char **arguments) {
                    long result;
                    if (strcmp(arguments[1], "x32") == 0) result = syscall(0x40000000 | 272, 0x10000000);
                    else __asm__ volatile("int $0x80" : "=a"(result) : "a"(310), "b"(0x10000000) : "memory");
                    printf(result == 0 ? "got round\\n" : "refused\\n");
                    fflush(stdout);
                    execlp("sleep", "sleep", arguments[2], NULL);
                }
                """)
            var namespaces: [String?] = []
            let result = try attack.run(
                "/tools/unshare \(how) \(attack.marker)",
                policy: "mounts: [{source: \(tools), target: /tools}]\nlimits: {wall_time: 5s, grace: 100ms}"
            ) { runner in
                // It may have been killed for the call.
                guard let sleeper = HostProcess.waitFor(commandLine: ["sleep", attack.marker], seconds: 2) else {
                    return
                }
                let shell = try HostProcess.status(of: sleeper)["PPid"].flatMap { pid_t($0) }
                namespaces = [sleeper, shell ?? 0].map { HostProcess.namespace("user", of: $0) }
                kill(sleeper, SIGKILL)
            }
            #expect(!result.output.contains("got round"))
            if !namespaces.isEmpty { #expect(namespaces[0] == namespaces[1]) }
        }

        /// The strictest of all filters decides, so a more generous one of the Script's own changes nothing.
        @Test func aFilterOfItsOwnDoesNotReplaceTheFirst() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000))
                    program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow))
                    for flags in [0, 1, 8]: syscall(317, 1, flags, program)
                    call("prctl", 22, 2, program, 0, 0)
                    print(call("unshare", 0x10000000))
                    """)
            #expect(result.output == "-\(EPERM)\n")
            #expect(result.report.deniedCalls.contains { $0.name == "unshare" })
        }

        /// Without the filter, the kernel itself must refuse.
        @Test(
            .enabled(if: isX86 && access("/proc/modules", F_OK) == 0, "this kernel has no modules, or is not x86-64"),
            arguments: ["syscall(175, bytes(64), 64, b'')", "syscall(176, b'no_such_module', 0o4000)"])
        func noModuleIsLoadedOrRemoved(_ attempt: String) throws {
            let attack = try Attack()
            let result = try attack.run(
                python: "print(\(attempt))\nnested()\nprint(\(attempt))", policy: "seccomp: none")
            #expect(result.output == "-\(EPERM)\n-\(EPERM)\n")
        }
    }
}
