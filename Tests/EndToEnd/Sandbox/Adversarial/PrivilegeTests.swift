import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Set-uid files, file capabilities, and what a user namespace of one's own makes of them.
    @Suite struct PrivilegeTests {
        /// Uids that are no sandbox's: the host's own.
        private static func isHosts(_ uid: uid_t) -> Bool { uid < 1_879_048_192 }

        private static func status(_ path: String) throws -> stat {
            var status = stat()
            guard lstat(path, &status) == 0 else {
                throw TestFailure("lstat \(path): \(String(cString: strerror(errno)))")
            }
            return status
        }

        @Test(arguments: Filters.all) func aSetUIDProgramOfTheHostGainsNothing(_ filter: String) throws {
            let attack = try Attack()
            _ = try attack.folder("tools")
            let output = try attack.folder("output")
            let touch = "\(attack.stage.path)/tools/touch"
            try #require(execute(["cp", "/usr/bin/touch", touch]).status == 0)
            try #require(chown(touch, 0, 0) == 0 && chmod(touch, 0o6755) == 0)
            try attack.run(
                "/tools/touch /output/made",
                policy: """
                    \(filter)
                    mounts:
                      - {source: \(attack.stage.path)/tools, target: /tools}
                      - {source: \(output), target: /output, mode: rw}
                    """)
            #expect(Self.isHosts(try Self.status("\(output)/made").st_uid) == false)
            #expect(Self.isHosts(try Self.status("\(output)/made").st_gid) == false)
        }

        /// Made in a directory that the host reads later, by a user of the host who would run it.
        @Test(arguments: Filters.all) func aSetUIDProgramMadeInAnOutputDirectoryIsNobodys(_ filter: String) throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            try attack.run(
                python: """
                    import shutil
                    shutil.copy("/usr/bin/id", "/output/id")
                    for mode in [0o4755, 0o6755]: attempt(os.chmod, "/output/id", mode)
                    for owner in [0, 1000, 65534]: attempt(os.chown, "/output/id", owner, owner)
                    nested()
                    attempt(os.chown, "/output/id", 0, 0)
                    attempt(os.chmod, "/output/id", 0o6755)
                    """, policy: "\(filter)\nmounts: [{source: \(output), target: /output, mode: rw}]")
            let status = try Self.status("\(output)/id")
            #expect(!Self.isHosts(status.st_uid) && !Self.isHosts(status.st_gid))
        }

        /// A capability of a file holds for whoever runs it, unless it names the user namespace that gave it.
        @Test func fileCapabilitiesGivenInsideDoNotHoldOutside() throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            try attack.run(
                python: """
                    import shutil
                    shutil.copy("/usr/bin/cat", "/output/cat")
                    value = struct.pack("<IIIII", 0x02000001, 0xffffffff, 0, 0xffffffff, 0)
                    attempt(lambda: os.setxattr("/output/cat", "security.capability", value) or 0)
                    nested()
                    attempt(lambda: os.setxattr("/output/cat", "security.capability", value) or 0)
                    attempt(lambda: os.setxattr("/output/cat", "security.capability", value + bytes(4)) or 0)
                    """, policy: "seccomp: none\nmounts: [{source: \(output), target: /output, mode: rw}]")
            let value = try execute([
                "python3", "-c",
                """
                import os, sys
                names = os.listxattr(sys.argv[1])
                print(os.getxattr(sys.argv[1], "security.capability").hex() if "security.capability" in names else "none")
                """, "\(output)/cat",
            ])
            let capability = try #require(value.output.split(separator: "\n").first)
            // Version 3 of vfs_cap_data (capabilities(7)): the last of its six words is the namespace's root, here not the host's.
            if capability != "none" {
                #expect(capability.count == 48)
                #expect(!capability.hasSuffix("00000000"))
            }
        }

        @Test(arguments: Filters.all) func fileCapabilitiesOfTheHostsFilesAreIgnored(_ filter: String) throws {
            let attack = try Attack()
            let tools = try attack.folder("tools")
            try #require(execute(["cp", "/usr/bin/cat", "\(tools)/cat"]).status == 0)
            try #require(execute(["cp", "\(attack.stage.path)/secret", "\(tools)/secret"]).status == 0)
            chmod("\(tools)/secret", 0o600)
            // CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, effective.
            let given = try execute([
                "python3", "-c",
                "import os, struct, sys; os.setxattr(sys.argv[1], 'security.capability', struct.pack('<5I', 0x02000001, 6, 0, 0, 0))",
                "\(tools)/cat",
            ])
            try #require(given.status == 0)
            // `run` expects that the secret is not printed.
            let result = try attack.run(
                "/tools/cat /tools/secret; echo $?",
                policy: "\(filter)\nmounts: [{source: \(tools), target: /tools}]")
            #expect(result.output == "1\n")
        }

        /// Mapped to a uid outside its block, a process would be that user of the host.
        @Test func aUserNamespaceOfItsOwnMapsNobodyElse() throws {
            let attack = try Attack()
            try attack.run(
                python: """
                    pid = os.getpid()
                    child = os.fork()
                    if child == 0:
                        time.sleep(0.3)
                        for text in [b"0 0 4294967295", b"0 0 1", b"0 0 65536", b"0 1 1000", b"0 65536 1"]:
                            for name in ["setgroups", "uid_map", "gid_map"]: attempt(write, "/proc/%d/%s" % (pid, name), text)
                        os._exit(0)
                    call("unshare", 0x10000000)
                    for text in [b"0 0 4294967295", b"0 0 1", b"0 0 65536", b"0 65536 1"]: attempt(write, "/proc/self/uid_map", text)
                    os.wait()
                    attempt(os.setuid, 0)
                    os.execvp("sleep", ["sleep", "\(attack.marker)"])
                    """, policy: "seccomp: none"
            ) { _ in
                let sleeper = try attack.sleeper()
                let uids =
                    try HostProcess.status(of: sleeper)["Uid"]?.split(separator: "\t").compactMap { uid_t($0) } ?? []
                #expect(uids.count == 4)
                #expect(!uids.contains(where: Self.isHosts))
                kill(sleeper, SIGKILL)
            }
        }

        @Test(arguments: Filters.all) func thePromiseOfNoNewPrivilegesStays(_ filter: String) throws {
            let attack = try Attack()
            try attack.run(
                python: """
                    call("prctl", 38, 0, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
                    call("prctl", 28, 0, 0, 0, 0)  # PR_SET_SECUREBITS
                    call("prctl", 22, 0, 0, 0, 0)  # PR_SET_SECCOMP
                    call("capset", struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0xffffffff] * 6))
                    for capability in range(41): call("prctl", 47, 2, capability, 0, 0)  # PR_CAP_AMBIENT_RAISE
                    os.execvp("sleep", ["sleep", "\(attack.marker)"])
                    """, policy: filter
            ) { _ in
                let sleeper = try attack.sleeper()
                let status = try HostProcess.status(of: sleeper)
                #expect(status["NoNewPrivs"] == "1")
                #expect(status["Seccomp"] == (filter.hasPrefix("seccomp: none") ? "0" : "2"))
                for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                    #expect(status[set] == (filter == Filters.all[2] ? "000001ffffffffff" : "0000000000000000"))
                }
                kill(sleeper, SIGKILL)
            }
        }

        /// Inside it becomes root and gives its files away; outside they are still its block's.
        @Test(arguments: Filters.all) func filesAreNeverTheHostRoots(_ filter: String) throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            try attack.run(
                python: """
                    for uid in [0, 1, 1000, 65534]:
                        attempt(os.setgid, uid); attempt(os.setuid, uid); attempt(os.setfsuid, uid) if hasattr(os, "setfsuid") else 0
                        attempt(write, "/output/as-%d" % uid, b"x")
                        for owner in [0, 1, 33]: attempt(os.chown, "/output/as-%d" % uid, owner, owner)
                    nested()
                    attempt(write, "/output/nested", b"x")
                    """, policy: "\(filter)\nmounts: [{source: \(output), target: /output, mode: rw}]")
            #expect(FileTree.names(in: output).contains("nested"))
            for name in FileTree.names(in: output) {
                let status = try Self.status("\(output)/\(name)")
                #expect(!Self.isHosts(status.st_uid) && !Self.isHosts(status.st_gid), "\(name)")
            }
        }
    }
}
