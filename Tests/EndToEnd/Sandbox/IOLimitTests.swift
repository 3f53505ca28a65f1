import Glibc
import Testing

extension EndToEnd {
    /// Limits of bytes and operations a second on the disk that the sandbox's directories lie on.
    @Suite struct IOLimitTests {
        /// Reads from the disk itself, so many bytes at a time, and tells whether that took at least so long.
        private static func reading(_ total: Int, _ size: Int, atLeast seconds: Double) -> String {
            """
            import mmap, os, time
            with open("/scratch/data", "wb") as file: file.write(os.urandom(\(total))); os.fsync(file.fileno())
            file = os.open("/scratch/data", os.O_RDONLY | os.O_DIRECT)
            block = mmap.mmap(-1, \(size))
            start = time.monotonic()
            for offset in range(0, \(total), \(size)): os.preadv(file, [block], offset)
            took = time.monotonic() - start
            print("held" if took >= \(seconds) else f"read in {took} s")
            """
        }

        private static let isVersion1 = access("/sys/fs/cgroup/blkio/blkio.throttle.read_bps_device", F_OK) == 0
        private static let canLimit: Bool = {
            var status = stat()
            guard stat("/var/tmp", &status) == 0, status.st_dev >> 8 != 0 else { return false }
            return isVersion1 || access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0
        }()
        private static let reason: Comment = "/var/tmp lies on no disk, or the kernel has no io limits"

        /// The disk limit may put its directories into an image, whose reads are then made in the kernel's own threads.
        @Test(.enabled(if: canLimit, reason), arguments: ["", ", disk: 50M"])
        func readsAreHeldToTheirBytes(_ more: String) throws {
            let result = try SandboxedCommand(
                python: Self.reading(1 << 20, 64 << 10, atLeast: 3), policy: "limits: {io_read: 256K\(more)}"
            ).run()
            #expect(result.output == "held\n", "\(result.errors)")
        }

        @Test(.enabled(if: canLimit, reason)) func readsAreHeldToTheirNumber() throws {
            let result = try SandboxedCommand(
                python: Self.reading(40 << 12, 1 << 12, atLeast: 2), policy: "limits: {io_read_ops: 15}"
            ).run()
            #expect(result.output == "held\n", "\(result.errors)")
        }

        @Test(.enabled(if: canLimit && !isVersion1, reason)) func writesAreHeldToTheirBytes() throws {
            let result = try SandboxedCommand(
                python: """
                    import os, time
                    start = time.monotonic()
                    with open("/scratch/data", "wb") as file: file.write(os.urandom(1 << 20)); os.fsync(file.fileno())
                    print("held" if time.monotonic() - start >= 3 else "written too soon")
                    """, policy: "limits: {io_write: 256K}"
            ).run()
            #expect(result.output == "held\n", "\(result.errors)")
        }

        @Test(
            .enabled(if: isVersion1, "the host has cgroups of version 2"),
            arguments: ["io_write: 1M", "io_write_ops: 9"])
        func writesAreNotPromisedWhereTheyCannotBeHeld(_ limit: String) throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("p.yaml", "limits: {\(limit)}\n")
            let ended = try execute([
                try Installation.path(of: "altp"), "run", "--policy", "\(folder.path)/p.yaml", "--", "true",
            ])
            #expect(ended.status == 125)
            #expect(ended.errors.contains("the kernel slows direct writes alone"), "\(ended.errors)")
            #expect(ended.errors.contains("systemd.unified_cgroup_hierarchy=1"))
        }

        @Test func aFileSystemOnNoDiskIsNotPromisedAnything() throws {
            let attack = try Attack()
            let place = try attack.folder("memory")
            try #require(mount("tmpfs", place, "tmpfs", 0, "mode=755,size=1m") == 0)
            defer { umount2(place, 0) }
            try attack.stage.write("p.yaml", "limits: {io_read: 1M}\n")
            let ended = try ChildProcess(
                [try Installation.path(of: "altp"), "run", "--policy", "\(attack.stage.path)/p.yaml", "--", "true"],
                environment: ["ALTP_RUN_DIR": place]
            ).wait()
            #expect(ended.status == 125)
            #expect(ended.errors.contains("io_read: "), "\(ended.errors)")
        }
    }
}
