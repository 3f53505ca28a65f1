import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Whatever holds the limit here: a project quota where the file system of `/var/tmp` has one, else an image.
    @Suite struct DiskTests {
        static func policy(_ limits: String, more: String = "") -> String { "limits: {\(limits)}\n\(more)" }

        @Test func aFullDiskIsSeenInsideAndNamedOutside() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    size = 0
                    try:
                        with open("/scratch/flood", "wb", buffering=0) as file:
                            while True: size += file.write(bytes(1 << 20))
                    except OSError as error: print(errno.errorcode[error.errno] in ("ENOSPC", "EDQUOT"))
                    print(19 << 20 < size <= 20 << 20 or size)
                    sys.exit(3)
                    """, policy: Self.policy("disk: 20M"))
            #expect(result.output == "True\nTrue\n")
            #expect(result.report.kind == "disk")
            #expect(result.report.limit?.name == "disk")
            #expect(result.report.limit?.limit == 20 << 20)
            #expect((19 << 20)...(21 << 20) ~= result.report.limit?.peak ?? 0)
            #expect(result.report.reason.contains("its limit is 20M"))
        }

        @Test func inodesAreCountedAndNamed() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    count = 0
                    try:
                        while count < 5000: os.close(os.open("/scratch/%d" % count, os.O_CREAT)); count += 1
                    except OSError as error: print(errno.errorcode[error.errno] in ("ENOSPC", "EDQUOT"))
                    print(180 <= count <= 240 or count)
                    sys.exit(1)
                    """, policy: Self.policy("disk: 64M, inodes: 200"))
            // Where inodes come with an image by the block, the end may come by the count, before the answer.
            #expect(result.report.kind == "disk")
            #expect(result.report.limit?.name == "inodes")
            #expect(result.report.limit?.limit == 200)
        }

        @Test func aScriptThatGetsAlongHasSucceeded() throws {
            let attack = try Attack()
            let result = try attack.run(
                "dd if=/dev/zero of=/scratch/x bs=1M count=50 2>/dev/null || { rm /scratch/x; echo less; }",
                policy: Self.policy("disk: 10M"))
            #expect(result.output == "less\n")
            #expect(result.report.kind == "success")
            #expect(result.status == 0)
        }

        /// A file without a name holds its blocks until it is closed.
        @Test func unlinkedOpenFilesCount() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    files, size = [], 0
                    try:
                        while True:
                            file = open("/scratch/hidden", "wb", buffering=0); os.unlink("/scratch/hidden")
                            files.append(file); size += file.write(bytes(1 << 20))
                    except OSError as error: print(errno.errorcode[error.errno] in ("ENOSPC", "EDQUOT"))
                    print(size <= 8 << 20)
                    time.sleep(0.2)
                    sys.exit(1)
                    """, policy: Self.policy("disk: 8M"))
            #expect(result.output == "True\nTrue\n")
            #expect(result.report.kind == "disk")
        }

        @Test func holesCostNothingUntilTheyAreFilled() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    with open("/scratch/sparse", "wb") as file: file.truncate(1 << 40)
                    print(os.stat("/scratch/sparse").st_size == 1 << 40)
                    with open("/scratch/sparse", "r+b", buffering=0) as file:
                        try:
                            for part in range(4096): file.seek(part << 28); file.write(bytes(1 << 16))
                        except OSError as error: print(errno.errorcode[error.errno] in ("ENOSPC", "EDQUOT"))
                    sys.exit(1)
                    """, policy: Self.policy("disk: 16M"))
            #expect(result.output == "True\nTrue\n")
            #expect(result.report.kind == "disk")
        }

        @Test func memoryFileSystemsAreMemoryAndNotDisk() throws {
            let attack = try Attack()
            let result = try attack.run(
                "for place in /tmp /dev/shm; do dd if=/dev/zero of=$place/x bs=1M count=100 2>/dev/null; done; exit 0",
                policy: Self.policy("disk: 10M, memory: 64M"))
            #expect(result.report.kind == "oom")
        }

        @Test func whatIsLeftIsWhatDfSays() throws {
            let attack = try Attack()
            let result = try attack.run(
                "df -k --output=avail /scratch | tail -1", policy: Self.policy("disk: 64M, inodes: 1000"))
            let available = Int(result.output.filter(\.isNumber)) ?? 0
            #expect((63 << 10)...(66 << 10) ~= available)
        }

        @Test func theProjectOfAFileCannotBeChangedFromInside() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    import fcntl
                    file = os.open("/scratch/file", os.O_CREAT | os.O_RDWR)
                    attributes = bytearray(28)
                    if attempt(fcntl.ioctl, file, 0x801c581f, attributes) == 0:
                        project = struct.unpack_from("I", attributes, 12)[0]
                        struct.pack_into("I", attributes, 12, 0 if project else 5)
                        print(attempt(fcntl.ioctl, file, 0x401c5820, bytes(attributes)) == 0)
                    else: print(False)
                    """, policy: Self.policy("disk: 8M", more: "seccomp: none\n"))
            #expect(result.output == "False\n")
        }

        @Test func manySandboxesAtOnceHaveTheirOwn() throws {
            let attack = try Attack()
            try attack.stage.write("policy.yaml", Self.policy("disk: 8M"))
            let altp = try Installation.path(of: "altp")
            let runs = try (0..<6).map { _ in
                try ChildProcess(
                    [
                        altp, "run", "--policy", "\(attack.stage.path)/policy.yaml", "--", "/bin/sh", "-c",
                        "dd if=/dev/zero of=/scratch/x bs=1M count=7 2>/dev/null && ls /scratch",
                    ],
                    environment: ["ALTP_RUN_DIR": attack.runs])
            }
            for run in runs {
                let ended = try run.wait()
                #expect(ended.status == 0, "\(ended.errors)")
                #expect(ended.output.contains("x\n"))
            }
            #expect(FileTree.names(in: attack.runs) == [])
        }

        @Test func aRunnerThatIsKilledLeavesNoDevice() throws {
            let attack = try Attack()
            try attack.stage.write("policy.yaml", Self.policy("disk: 8M"))
            let child = try ChildProcess(
                [
                    try Installation.path(of: "altp"), "run", "--policy", "\(attack.stage.path)/policy.yaml", "--",
                    "sleep",
                    attack.marker,
                ], environment: ["ALTP_RUN_DIR": attack.runs])
            let sleeper = try attack.sleeper()
            child.signal(SIGKILL)
            try child.wait()
            _ = try eventually("the sandbox has ended") { kill(sleeper, 0) != 0 ? true : nil }
            _ = try eventually("its loop device is free") { Self.loopDevices(of: attack.runs).isEmpty ? true : nil }
            // The next run clears up what that one could not.
            #expect(try attack.run("true").report.kind == "success")
        }

        /// The machine's runner of tests knows that there are project quotas, so that none of these tests means an image.
        @Test(
            .enabled(
                if: ProcessInfo.processInfo.environment["ALTP_TEST_PROJECT_QUOTA"] != nil,
                "only make test-vm is sure to have project quotas"))
        func projectQuotaHoldsTheLimitWhereThereIsOne() throws {
            let attack = try Attack()
            var project: UInt32 = 0
            try attack.run("exec sleep \(attack.marker)", policy: Self.policy("disk: 8M")) { _ in
                let sleeper = try attack.sleeper()
                let shown = try execute(["lsattr", "-p", "-d", "\(attack.attempt())/scratch"])
                project = try #require(shown.output.split(separator: " ").first.flatMap { UInt32($0) })
                #expect(project > 0)
                #expect(try Self.blockLimit(of: project, at: attack.stage.path) > 0)
                #expect(Self.loopDevices(of: attack.runs) == [])
                kill(sleeper, SIGKILL)
            }
            // Free again for whoever gets the block of uids next.
            #expect(try Self.blockLimit(of: project, at: attack.stage.path) == 0)
        }

        /// quotactl_fd(2), Q_GETQUOTA: a project's limit in blocks of a KiB.
        static func blockLimit(of project: UInt32, at folder: String) throws -> Int {
            let ended = try execute([
                "python3", "-c",
                """
                import ctypes, os, struct
                answer = ctypes.create_string_buffer(72)
                result = ctypes.CDLL(None).syscall(443, os.open("\(folder)", os.O_RDONLY), 0x80000702, \(project), answer)
                print(struct.unpack_from("Q", answer)[0] if result == 0 else 0)
                """,
            ])
            return try #require(Int(ended.output.filter(\.isNumber)))
        }

        static func loopDevices(of folder: String) -> [String] {
            FileTree.names(in: "/sys/block").filter { name in
                let file = try? String(contentsOfFile: "/sys/block/\(name)/loop/backing_file", encoding: .utf8)
                return file?.hasPrefix(folder) ?? false
            }
        }

        // MARK: In a chain

        /// Where there is no image, a Script that makes what looks like one must not have the host mount or mend it.
        @Test func aScriptCannotPassItsFilesOffAsAnImage() throws {
            try withHost([
                "tasks/forgery.yaml": """
                policy: small
                scripts:
                  - {name: forge, run: "mkdir /processing/mounted; ln -s /dev/null /processing/image"}
                  - {name: use, run: "ls /processing"}

                """
            ]) { host in
                let done = try host.complete("forgery")
                #expect(done.status == "success", "\(done.reason ?? "")")
                #expect(try host.altp("logs", "\(done.id)/use") == "image\nmounted\n")
            }
        }

        /// What one Script adds is not the next one's, and what they share outlives both.
        @Test func aChainSharesItsFilesAndNotItsLimits() throws {
            let fill = "dd if=/dev/zero bs=1M status=none"
            try withHost([
                "policies/disk.yaml": "limits: {cpu: 0.5, memory: 128M, disk: 8M, inodes: 500}\n",
                "tasks/chain.yaml": """
                policy: disk
                keep: {failed: 1h}
                scripts:
                  - {name: first, run: "\(fill) count=6 of=/processing/a"}
                  - {name: second, run: "\(fill) count=6 of=/processing/b; rm /processing/a"}
                  - {name: large, limits: {disk: 40M, inodes: 5000}, run: "\(fill) count=35 of=/processing/c"}
                  - {name: free, policy: small, run: "\(fill) count=50 of=/processing/d && ls /processing"}
                  - {name: both, run: "\(fill) count=7 of=/scratch/c; \(fill) count=7 of=/processing/e; sleep 5; exit 1"}

                """,
            ]) { host in
                let done = try host.complete("chain")
                #expect(done.script == "both")
                #expect(done.outcome == "disk")
                #expect(try host.altp("logs", "\(done.id)/free") == "b\nc\nd\n")
                let evidence = done.scripts?.last?.attempts.last?.evidence
                #expect(evidence?.limit?.name == "disk")
                #expect(evidence?.limit?.limit == 8 << 20)
                #expect(evidence?.usage.diskPeak ?? 0 > 7 << 20)
                #expect(Self.loopDevices(of: host.root.path) == [])
            }
        }
    }
}
