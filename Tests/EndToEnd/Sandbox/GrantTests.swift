import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// What a policy hands in beyond the usual: mounts, devices, capabilities.
    @Suite struct GrantTests {
        @Test func capabilitiesAreHeldInEverySetAfterTheExec() throws {
            let result = try SandboxedCommand(
                "id -u; grep -E '^(NoNewPrivs|Cap...):' /proc/self/status",
                policy: "capabilities: [chown, CAP_SYS_PTRACE]"
            ).run()
            let set = "0000000000080001"
            #expect(
                result.output.split(separator: "\n").map { $0.filter { $0 != "\t" } } == [
                    "1000", "CapInh:\(set)", "CapPrm:\(set)", "CapEff:\(set)", "CapBnd:\(set)", "CapAmb:\(set)",
                    "NoNewPrivs:1",
                ])
        }

        @Test func aCapabilityHoldsForItsOwnIdsAlone() throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            try attack.stage.write("output/hosts", "", mode: 0o666)
            let result = try attack.run(
                python: """
                    open("/output/own", "w").close()
                    print(attempt(os.chown, "/output/own", 7, 7), attempt(os.chown, "/output/hosts", 7, 7))
                    """, policy: "capabilities: [CAP_CHOWN]\nmounts: [{source: \(output), target: /output, mode: rw}]")
            #expect(result.output == "None -\(EPERM)\n")
            var status = stat()
            #expect(stat("\(output)/own", &status) == 0 && status.st_uid >= 1_879_048_192)
        }

        @Test func nothingButWhatWasGrantedCanBeRegained() throws {
            let result = try SandboxedCommand(
                python: Attack.python + """
                    attempt(os.setuid, 0)
                    os.execvp("sh", ["sh", "-c", "id -u; grep -E '^Cap(Prm|Eff|Bnd):' /proc/self/status"])
                    """, policy: "capabilities: [CAP_SETUID]"
            ).run()
            #expect(
                result.output.split(separator: "\n").map { $0.filter { $0 != "\t" } } == [
                    "0", "CapPrm:0000000000000080", "CapEff:0000000000000080", "CapBnd:0000000000000080",
                ])
        }

        /// Devices that do nothing when they are opened; which of them there are differs.
        private static let device = ["/dev/fuse", "/dev/loop-control", "/dev/hwrng"].first {
            var status = stat()
            return lstat($0, &status) == 0 && status.st_mode & S_IFMT == S_IFCHR
        }

        @Test(.enabled(if: device != nil, "this host has none of the devices that can be opened harmlessly"))
        func aDeviceOfTheListIsTheScriptsAndTheHostsStaysAsItIs() throws {
            let device = try #require(Self.device)
            var before = stat()
            try #require(stat(device, &before) == 0)
            let result = try SandboxedCommand(
                python: """
                    import os, stat
                    status = os.stat("\(device)")
                    print(status.st_rdev, oct(status.st_mode), status.st_uid)
                    os.close(os.open("\(device)", os.O_RDONLY))
                    try: os.chmod("\(device)", 0o666)
                    except OSError as error: print(error.strerror)
                    """, policy: "devices: [\(device)]"
            ).run()
            #expect(result.output == "\(before.st_rdev) 0o20600 1000\nRead-only file system\n", "\(result.errors)")
            var after = stat()
            #expect(stat(device, &after) == 0 && after.st_mode == before.st_mode && after.st_uid == before.st_uid)
        }

        @Test(.enabled(if: access("/dev/loop7", F_OK) == 0, "this host has no loop devices"))
        func aDeviceThatIsNotInTheListCannotBeReachedWithAnyCapability() throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            try #require(mknod("\(output)/loop", S_IFBLK | 0o666, 7 << 8 | 7) == 0)
            let result = try attack.run(
                python: """
                    opened = []
                    for place in ["/output/", "/scratch/", "/tmp/", "/dev/shm/", "/dev/", "/"]:
                        attempt(os.mknod, place + "made", 0o60666, os.makedev(7, 7))
                        for name in ["made", "loop"]:
                            if attempt(os.open, place + name, os.O_RDONLY) >= 0: opened.append(place + name)
                    call("mount", b"none", b"/output", b"none", 0x20 | 0x1000, None)
                    call("mount", b"none", b"/", b"none", 0x20 | 0x1000, None)
                    if call("unshare", 0x20000) == 0:
                        call("mount", b"none", b"/output", b"none", 0x20 | 0x1000, None)
                        call("mount", b"tmpfs", b"/tmp", b"tmpfs", 0, None)
                        for place in ["/output/", "/tmp/"]:
                            attempt(os.mknod, place + "again", 0o60666, os.makedev(7, 7))
                            for name in ["again", "loop"]:
                                if attempt(os.open, place + name, os.O_RDONLY) >= 0: opened.append(place + name)
                    print(opened)
                    """, policy: "\(Filters.all[2])\nmounts: [{source: \(output), target: /output, mode: rw}]")
            #expect(result.output == "[]\n")
        }

        /// What a mount holds has its flags and its owner too.
        @Test(arguments: ["", ", owner: nobody"])
        func aMountBelowAReadOnlyMountIsSeenAndReadOnlyToo(_ owner: String) throws {
            let attack = try Attack()
            let archive = try attack.folder("archive")
            let below = try attack.folder("archive/below")
            try #require(mount("tmpfs", below, "tmpfs", 0, "mode=777,size=64k") == 0)
            defer { umount2(below, 0) }
            try attack.stage.write("archive/below/kept", "kept\n", mode: 0o666)
            try #require(chown("\(below)/kept", 65_534, 65_534) == 0)
            let result = try attack.run(
                "cat /archive/below/kept; stat -c %u /archive/below/kept; echo x > /archive/below/new; echo x > /archive/below/kept",
                policy: "mounts: [{source: \(archive), target: /archive\(owner)}]")
            if !owner.isEmpty, Installation.kernel < (6, 3) {
                // Where tmpfs cannot be idmapped it says so, instead of showing other owners than were asked for.
                #expect(result.report.kind == "setup")
                #expect(result.report.reason.contains("idmap"))
                return
            }
            #expect(result.output == "kept\n\(owner.isEmpty ? 65534 : 1000)\n")
            #expect(FileTree.names(in: below) == ["kept"])
            #expect(try attack.stage.read("archive/below/kept") == "kept\n")
        }

        @Test func aRunTakesTheRootsOfItsHostFolder() throws {
            let attack = try Attack()
            let folder = try attack.folder("folder")
            try attack.stage.write(
                "host/altp.yaml", "mount_roots: [\(attack.stage.path)]\nstate: \(attack.stage.path)/state\n")
            try attack.stage.write("host/policies/p.yaml", "mounts: [{source: \(folder), target: /folder}]\n")
            let command = [
                try Installation.path(of: "altp"), "run", "--config", "\(attack.stage.path)/host", "--policy", "p",
                "--",
                "true",
            ]
            #expect(try execute(command).status == 0)
            try attack.stage.write("host/altp.yaml", "mount_roots: [/srv]\n")
            let outside = try execute(command)
            #expect(outside.status == 125)
            #expect(outside.errors.contains("p.yaml:1:19: source: \(folder) lies outside of altp.yaml's mount_roots"))
        }
    }
}
