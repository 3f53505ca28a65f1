import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Ways out of the sandbox's root: descriptors, working directories, the runner's executable, pid 1, mounts.
    @Suite struct EscapeTests {
        /// One descriptor of a host directory is the whole host: openat(2) with `..` goes on from there.
        @Test func noDescriptorOfTheStarterLeadsOutside() throws {
            let attack = try Attack()
            let directory = open(attack.stage.path, O_RDONLY | O_DIRECTORY)
            let high = fcntl(directory, F_DUPFD, 200)
            defer {
                close(directory)
                close(high)
            }
            let result = try attack.run(
                python: """
                    found = []
                    for fd in range(1024):
                        try: found.append(open(os.open("secret", os.O_RDONLY, dir_fd=fd)).read())
                        except OSError: pass
                        try: os.fchdir(fd); found.append(open("secret").read())
                        except OSError: pass
                    print(found)
                    """)
            #expect(result.output == "[]\n")
        }

        /// runc's CVE-2024-21626: the command itself reached through a leaked descriptor, before anything was closed.
        @Test(arguments: ["/proc/self/fd/4/program", "/proc/self/fd/200/program", "/proc/self/cwd/program"])
        func theCommandIsNotFoundThroughTheStartersDescriptors(_ path: String) throws {
            let attack = try Attack()
            try attack.stage.write("program", "#!/bin/sh\necho escaped > \(attack.stage.path)/escaped\n", mode: 0o755)
            let directory = open(attack.stage.path, O_RDONLY | O_DIRECTORY)
            let high = fcntl(directory, F_DUPFD, 200)
            defer {
                close(directory)
                close(high)
            }
            var command = SandboxedCommand("")
            command.arguments = [path]
            let result = try attack.run(command)
            #expect(result.status == 127 || result.status == 126)
            #expect(access("\(attack.stage.path)/escaped", F_OK) != 0)
        }

        @Test func theStartersWorkingDirectoryIsNotTheirs() throws {
            let attack = try Attack()
            let folder = FileManager.default.currentDirectoryPath
            try #require(FileManager.default.changeCurrentDirectoryPath(attack.stage.path))
            defer { _ = FileManager.default.changeCurrentDirectoryPath(folder) }
            let result = try attack.run(
                "cat secret ./secret ../secret ../../secret /proc/1/cwd/secret /proc/self/cwd/secret 2>&1; pwd -P")
            #expect(result.output.hasSuffix("/scratch\n"))
        }

        /// runc's CVE-2019-5736: the runner is made to execute itself in the sandbox, where its file is then written to.
        @Test(arguments: Filters.all) func theRunnerCannotBeOverwritten(_ filter: String) throws {
            let attack = try Attack()
            let programs = try ["altp", "altp-init"].map { try Installation.path(of: $0) }
            let before = try programs.map { try Self.identity(of: $0) }
            var command = SandboxedCommand("", policy: "\(filter)\nlimits: {wall_time: 5s, grace: 100ms}\n")
            command.arguments = ["/proc/self/exe"]
            try attack.run(command)
            try attack.run(
                python: """
                    for path in ["/proc/1/exe", "/proc/self/exe", "/proc/thread-self/exe"]:
                        for flags in [os.O_WRONLY, os.O_WRONLY | os.O_TRUNC, os.O_RDWR]:
                            attempt(lambda: os.write(os.open(path, flags), b"#!/bin/sh\\n"))
                        attempt(os.truncate, path, 0)
                        attempt(os.chmod, path, 0o777)
                    # Through a descriptor of the file that the link gave, written once nobody executes it any more.
                    attempt(lambda: os.open("/proc/self/fd/%d" % os.open("/proc/1/exe", os.O_PATH), os.O_RDWR))
                    os.symlink("/proc/1/exe", "/scratch/runner")
                    attempt(os.execv, "/scratch/runner", ["/scratch/runner"])
                    """, policy: filter)
            #expect(try programs.map { try Self.identity(of: $0) } == before)
        }

        private static func identity(of path: String) throws -> [String] {
            let ended = try execute(["sh", "-c", "sha256sum $0; stat -c '%i %a %u %s %Y' $0", path])
            return ended.output.split(separator: "\n").map(String.init)
        }

        @Test(arguments: Filters.all) func pid1CannotBeTraced(_ filter: String) throws {
            let attack = try Attack()
            try attack.run(
                python: """
                    for request in [16, 0x4206]:  # PTRACE_ATTACH, PTRACE_SEIZE
                        call("ptrace", request, 1, 0, 0)
                    os.execvp("sleep", ["sleep", "\(attack.marker)"])
                    """, policy: filter
            ) { runner in
                let sleeper = try attack.sleeper()
                let status = try HostProcess.status(of: try attack.pid1(of: runner))
                #expect(status["TracerPid"] == "0")
                #expect(status["State"]?.hasPrefix("S") == true)
                kill(sleeper, SIGKILL)
            }
        }

        /// Pid 1 has the host's capabilities in what it does for the sandbox, and the log and the outcome open.
        @Test(arguments: Filters.all) func pid1HasNothingToReadOrWrite(_ filter: String) throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    opened = []
                    for name in ["mem", "maps", "environ", "auxv", "stack", "syscall", "pagemap", "io", "clear_refs",
                                 "exe", "root", "cwd", "fd", "map_files", "ns/mnt", "ns/pid"]:
                        for flags in [os.O_RDONLY, os.O_RDWR]:
                            if attempt(os.open, "/proc/1/" + name, flags) >= 0: opened.append(name)
                    for n in range(64):
                        if attempt(os.open, "/proc/1/fd/%d" % n, os.O_RDONLY) >= 0: opened.append(n)
                    buffer = ctypes.create_string_buffer(64)
                    class Vector(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
                    mine, other = Vector(ctypes.addressof(buffer), 64), Vector(0x400000, 64)
                    for name in ["process_vm_readv", "process_vm_writev"]:
                        if call(name, 1, ctypes.byref(mine), 1, ctypes.byref(other), 1, 0) > 0: opened.append(name)
                    print(opened)
                    """, policy: filter)
            #expect(result.output == "[]\n")
            #expect(result.report.kind == "success")
        }

        @Test(arguments: Filters.all) func pid1sRootLeadsNowhere(_ filter: String) throws {
            let attack = try Attack()
            // `run` expects that the secret is not among what is printed.
            try attack.run(
                """
                for link in root cwd fd/0 fd/3 fd/4 task/1/root; do
                  cat /proc/1/$link\(attack.stage.path)/secret; cat /proc/1/$link/../../../..\(attack.stage.path)/secret
                  cat /proc/$$/$link\(attack.stage.path)/secret
                done 2>/dev/null
                cat \(attack.stage.path)/secret
                """, policy: filter)
        }

        @Test(arguments: Filters.all) func pid1SurvivesEverySignal(_ filter: String) throws {
            let attack = try Attack()
            let result = try attack.run(
                """
                for signal in TERM STOP KILL HUP INT QUIT SEGV USR1 CHLD CONT PIPE ALRM; do kill -$signal 1; done 2>/dev/null
                echo still here
                exec sleep \(attack.marker)
                """, policy: filter
            ) { runner in
                let pid1 = try attack.pid1(of: runner)
                let sleeper = try attack.sleeper()
                #expect(try HostProcess.status(of: pid1)["State"]?.hasPrefix("S") == true)
                kill(sleeper, SIGKILL)
            }
            #expect(result.output == "still here\n")
            #expect(result.report.kind == "signal")
        }

        /// A mount that is read-only for the sandbox is writable again where its flags can be changed.
        @Test(arguments: Filters.all) func aReadOnlyMountStaysSo(_ filter: String) throws {
            let attack = try Attack()
            let archive = try attack.folder("archive")
            try attack.stage.write("archive/kept", "as it was", mode: 0o666)
            try attack.run(
                python: """
                    def tryAll():
                        for flags in [0x20, 0x20 | 0x1000, 0x1000]:  # MS_REMOUNT, with MS_BIND
                            call("mount", b"none", b"/archive", b"none", flags, None)
                        call("mount", b"/archive", b"/scratch/again", None, 0x1000, None)
                        call("mount", b"none", b"/scratch/again", None, 0x20 | 0x1000, None)
                        syscall(442, -100, b"/archive", 0x8000, struct.pack("QQQQ", 0, 1, 0, 0), 32)  # mount_setattr
                        call("umount2", b"/archive", 2)
                        for path in ["/archive/kept", "/scratch/again/kept"]: attempt(write, path, b"overwritten")
                        attempt(write, "/archive/new", b"new")
                    os.mkdir("/scratch/again")
                    tryAll()
                    nested()
                    tryAll()
                    """, policy: "\(filter)\nmounts: [{source: \(archive), target: /archive}]")
            #expect(try attack.stage.read("archive/kept") == "as it was")
            #expect(FileTree.names(in: archive) == ["kept"])
        }

        /// What is mounted below a mount has flags of its own.
        @Test func aMountBelowAReadOnlyMountIsReadOnlyToo() throws {
            let attack = try Attack()
            let archive = try attack.folder("archive")
            let below = try attack.folder("archive/below")
            try #require(mount("tmpfs", below, "tmpfs", 0, "mode=777,size=64k") == 0)
            defer { umount2(below, 0) }
            let result = try attack.run(
                "echo x > /archive/below/new; ls -d /archive/below",
                policy: "mounts: [{source: \(archive), target: /archive}]")
            #expect(result.output == "/archive/below\n")
            #expect(FileTree.names(in: below) == [])
        }

        /// The host's own files are below the root that a sandbox was moved away from, or in a root of one's own.
        @Test(arguments: Filters.all) func chrootAndUnmountLeadNowhere(_ filter: String) throws {
            let attack = try Attack()
            try attack.run(
                python: """
                    def look():
                        for path in ["\(attack.stage.path)/secret", "." + "/.." * 40 + "\(attack.stage.path)/secret"]:
                            try: print(open(path).read())
                            except OSError: pass
                    nested()
                    os.mkdir("/scratch/jail")
                    call("chroot", b"/scratch/jail")
                    for _ in range(40): attempt(os.chdir, "..")
                    look()
                    call("chroot", b".")
                    look()
                    for _ in range(3): call("umount2", b"/", 2); look()
                    syscall(155, b".", b"."); look()  # pivot_root
                    """, policy: filter)
        }

        /// Docker's "shocker": a file handle names a file by its number, whatever mount it is asked through.
        @Test(arguments: Filters.all) func aFileHandleOpensNothing(_ filter: String) throws {
            let attack = try Attack()
            let handle = try execute([
                "python3", "-c",
                """
                import ctypes, sys
                libc = ctypes.CDLL(None, use_errno=True)
                handle = ctypes.create_string_buffer((128).to_bytes(4, "little"), 136)
                mount = ctypes.c_int()
                if libc.name_to_handle_at(-100, sys.argv[1].encode(), handle, ctypes.byref(mount), 0) != 0:
                    sys.exit(ctypes.get_errno())
                print(handle.raw.hex())
                """, "\(attack.stage.path)/secret",
            ])
            try #require(handle.status == 0, "the file system of /var/tmp has no file handles")
            // `/scratch` is on the same file system.
            try attack.run(
                python: """
                    handle = ctypes.create_string_buffer(bytes.fromhex("\(handle.output.prefix { $0 != "\n" })"), 136)
                    def tryAll():
                        for directory in ["/scratch", "/usr", "/"]:
                            fd = call("open_by_handle_at", os.open(directory, os.O_RDONLY), handle, 0)
                            if fd >= 0: print(os.read(fd, 100).decode())
                    tryAll()
                    nested()
                    tryAll()
                    """, policy: filter)
        }

        /// Linked into the sandbox's own directory the file would be writable, and be its owner's to give away.
        @Test(arguments: Filters.all) func aReadOnlyFileCannotBeLinkedOrMovedOut(_ filter: String) throws {
            let attack = try Attack()
            let archive = try attack.folder("archive")
            try attack.stage.write("archive/kept", "as it was", mode: 0o666)
            try attack.run(
                python: """
                    attempt(os.link, "/archive/kept", "/scratch/linked")
                    attempt(os.rename, "/archive/kept", "/scratch/moved")
                    fd = os.open("/archive/kept", os.O_RDONLY)
                    attempt(lambda: os.link("/proc/self/fd/%d" % fd, "/scratch/linked", follow_symlinks=True))
                    syscall(265, fd, b"", -100, b"/scratch/linked", 0x1000)  # linkat AT_EMPTY_PATH
                    attempt(os.ftruncate, fd, 0)
                    for path in ["/scratch/linked", "/scratch/moved", "/proc/self/fd/%d" % fd]:
                        attempt(write, path, b"overwritten")
                    """, policy: "\(filter)\nmounts: [{source: \(archive), target: /archive}]")
            #expect(try attack.stage.read("archive/kept") == "as it was")
            var status = stat()
            #expect(stat("\(archive)/kept", &status) == 0 && status.st_nlink == 1)
        }

        @Test(arguments: Filters.all) func pid1sNamespacesCannotBeEntered(_ filter: String) throws {
            let attack = try Attack()
            try attack.run(
                python: """
                    for name in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"]:
                        for path in ["/proc/1/ns/", "/proc/self/ns/"]:
                            fd = attempt(os.open, path + name, os.O_RDONLY)
                            if fd >= 0: call("setns", fd, 0)
                    fd = attempt(os.pidfd_open, 1)
                    if fd >= 0: call("setns", fd, 0x7e020000)
                    os.execvp("sleep", ["sleep", "\(attack.marker)"])
                    """, policy: filter
            ) { _ in
                let sleeper = try attack.sleeper()
                for namespace in ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup"] {
                    let own = try #require(HostProcess.namespace(namespace, of: getpid()))
                    #expect(HostProcess.namespace(namespace, of: sleeper) != own, "\(namespace)")
                }
                kill(sleeper, SIGKILL)
            }
        }
    }
}
