import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Floods: the limit holds, the outcome says which, and the host has its memory and processes back.
    @Suite struct FloodTests {
        @Test func aForkBombThatNeverStopsForkingEnds() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    import signal
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    os.setsid() if os.fork() == 0 else None
                    while True:
                        try: os.fork()
                        except OSError: time.sleep(0.01)
                    """, policy: "limits: {pids: 40, wall_time: 1s, grace: 200ms, cpu: 0.5}")
            #expect(["timeout", "pids"].contains(result.report.kind))
            if let limit = result.report.limit, limit.name == "pids" { #expect((limit.peak ?? 0) <= 40) }
        }

        @Test func aThreadFloodEndsAsPids() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    import threading
                    for _ in range(100): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
                    """, policy: "limits: {pids: 20}")
            #expect(result.report.kind == "pids")
            #expect(result.report.limit == .init(name: "pids", limit: 20, peak: 20))
        }

        /// What lies in a tmpfs is memory; it counts as the Script's and cannot be more than that.
        @Test(arguments: ["/tmp", "/dev/shm"]) func aTmpfsHoldsNoMoreThanTheMemory(_ place: String) throws {
            let attack = try Attack()
            let result = try attack.run(
                "head -c 200000000 /dev/zero > \(place)/flood; stat -c %s \(place)/flood > /scratch/size; sleep 0.1",
                policy: "limits: {memory: 32M}")
            #expect(result.report.kind == "oom" || result.errors.contains("No space left"), "\(result.report)")
        }

        /// Both at once, so that each alone is below the limit.
        @Test func twoTmpfsTogetherHoldNoMoreThanTheMemory() throws {
            let attack = try Attack()
            let result = try attack.run(
                "head -c 24M /dev/zero > /tmp/flood && head -c 24M /dev/zero > /dev/shm/flood && echo both fit",
                policy: "limits: {memory: 32M}")
            #expect(result.report.kind == "oom")
            #expect(!result.output.contains("both fit"))
        }

        /// Its name is gone, its blocks are not: only the descriptor keeps them.
        @Test func unlinkedFilesThatAreOpenCountToo() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    kept = []
                    try:
                        for number in range(100):
                            kept.append(os.open("/tmp/%d" % number, os.O_CREAT | os.O_RDWR)); os.unlink("/tmp/%d" % number)
                            os.write(kept[-1], bytes(1 << 20))
                    except OSError as error: print(error.errno, flush=True)
                    print("wrote", len(kept))
                    """, policy: "limits: {memory: 40M}")
            #expect(result.report.kind == "oom" || result.output.hasPrefix("\(ENOSPC)\n"), "\(result.report)")
        }

        /// An empty file takes the kernel's memory, not the file system's.
        @Test(arguments: ["/tmp", "/dev/shm"]) func emptyFilesInATmpfsAreLimited(_ place: String) throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    count = 0
                    try:
                        while count < 100_000: os.close(os.open("\(place)/%d" % count, os.O_CREAT)); count += 1
                    except OSError as error: print(error.errno)
                    print(count < 5000)
                    """, policy: "limits: {memory: 64M}")
            #expect(result.output == "\(ENOSPC)\nTrue\n")
        }

        @Test func noPlaceButItsOwnCanBeWrittenTo() throws {
            let attack = try Attack()
            let result = try attack.run(
                """
                find / -xdev -type d 2>/dev/null | while read -r place; do
                  (head -c 100000 /dev/zero > "$place/flood") 2>/dev/null && echo "$place"
                done | sort
                """)
            #expect(result.output == "/dev/shm\n/scratch\n/tmp\n")
        }

        /// A full pipe is the kernel's memory; a thousand of them, each as large as it may be, are a gigabyte.
        @Test func fullPipesCountAsMemory() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    import fcntl
                    for _ in range(400):
                        try: reader, writer = os.pipe()
                        except OSError: break
                        attempt(fcntl.fcntl, writer, 1031, 1 << 20)
                        os.set_blocking(writer, False)
                        try:
                            while True: os.write(writer, bytes(65536))
                        except OSError: pass
                    print("done")
                    """, policy: "limits: {memory: 40M, open_files: 1000}")
            // Beyond a user's share the kernel gives small pipes only.
            #expect(result.report.kind == "oom" || result.output == "done\n")
            if let limit = result.report.limit { #expect((limit.peak ?? 0) <= 40 << 20) }
        }

        @Test func socketBuffersCountAsMemory() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    kept = []
                    for _ in range(400):
                        left, right = socket.socketpair()
                        kept += [left, right]
                        left.setblocking(False)
                        left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
                        try:
                            while True: left.send(bytes(65536))
                        except OSError: pass
                    print("done")
                    """, policy: "limits: {memory: 40M, open_files: 1000}")
            #expect(result.report.kind == "oom" || result.output == "done\n")
            if let limit = result.report.limit { #expect((limit.peak ?? 0) <= 40 << 20) }
        }

        /// Its size is a terabyte, what it takes on the disk is a block.
        @Test func aSparseFileTakesNoRoomAndIsRemoved() throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            try attack.run(
                "truncate -s 1T /scratch/sparse /output/sparse; printf x | dd of=/output/sparse bs=1 seek=1000000000 conv=notrunc",
                policy: "mounts: [{source: \(output), target: /output, mode: rw}]")
            var status = stat()
            if stat("\(output)/sparse", &status) == 0 { #expect(status.st_blocks < 1000) }
        }

        @Test func openFilesEnd() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    import resource
                    try: resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
                    except (OSError, ValueError): pass
                    kept = []
                    try:
                        while len(kept) < 5000: kept.append(os.open("/dev/null", os.O_RDONLY))
                    except OSError as error: print(error.errno, len(kept) <= 64)
                    """, policy: "limits: {open_files: 64}")
            #expect(result.output == "\(EMFILE) True\n")
        }

        /// Through a Launcher, for `altp run` keeps no log: lines without end, from many processes, past the Script's end.
        @Test func aLogFloodIsCut() throws {
            try withHost([
                "policies/tight.yaml": "limits: {log: 64K, pids: 50, memory: 128M, wall_time: 3s, grace: 200ms}\n",
                "tasks/t.yaml": """
                policy: tight
                scripts:
                  - name: work
                    run: 'for n in 1 2 3 4 5; do (setsid tr "\\0" "\\377" < /dev/zero) & done; trap "" TERM; while :; do sleep 9; done'
                """,
            ]) { host in
                let ended = try host.complete("t")
                #expect(ended.outcome == "timeout")
                var status = stat()
                #expect(stat("\(host.state)/processings/\(ended.id)/work.1/log", &status) == 0)
                #expect(status.st_size > 0 && status.st_size < 66_000, "\(status.st_size)")
                #expect(try host.run("logs", "\(ended.id)/work").output.utf8.count < 1 << 20)
            }
        }
    }
}
