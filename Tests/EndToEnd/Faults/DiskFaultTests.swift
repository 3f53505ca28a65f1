import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// A state folder on a disk that is full, has no inodes left, or is read-only.
    @Suite(.enabled(if: SmallVolume.obstacle == nil, "\(SmallVolume.obstacle ?? "")"))
    struct DiskFaultTests {
        private func withVolume(
            _ mebibytes: Int = 48, options: [String] = [], retry: String = "",
            _ body: (Host, SmallVolume, Tally) throws -> Void
        ) throws {
            let tally = try Tally()
            defer { tally.folder.remove() }
            let volume = try SmallVolume(mebibytes: mebibytes, options: options)
            // Nothing is kept free: the disk is to be really full.
            try withHost(
                tally.files(retry: retry), settings: ["keep_free: 0"], state: "\(volume.path)/state"
            ) { try body($0, volume, tally) }
        }

        // MARK: A full disk

        /// Whether SQLite gets along with what is left is its own affair; either way it is clear, and nothing is lost.
        @Test func aLauncherOnAFullDiskStartsOrSaysWhatToDo() throws {
            try withVolume { host, volume, tally in
                try tally.open()
                let id = try host.complete("job").id
                try host.end(SIGTERM)
                try volume.fill()
                var events = SentEvents()
                do {
                    try host.start()
                    try events.sendUntilRefused(host, prefix: "full", bytes: 20_000, most: 400)
                    let reason = try #require(events.refused.values.first)
                    #expect(reason.contains("full"), "\(reason)")
                } catch let refused as TestFailure {
                    #expect(refused.description.contains(volume.path) && refused.description.contains("full"))
                }
                try volume.free()
                if !host.isRunning { try host.start() }
                #expect(try host.processing(id).status == "success")
                #expect(try host.complete("job").status == "success")
                try events.check(host, tally)
            }
        }

        @Test func whatRunsWhileTheDiskFillsEndsWithItsOutcomeWhenThereIsSpaceAgain() throws {
            try withVolume { host, volume, tally in
                let ids = try tally.start(3, on: host)
                try volume.fill()
                var events = SentEvents()
                try events.sendUntilRefused(host, prefix: "full", bytes: 20_000, most: 400)
                let reason = try #require(events.refused.values.first)
                #expect(reason.contains("full"), "\(reason)")
                #expect(reason.contains("altp.db"), "\(reason)")
                // Lists are read from the disk, which needs no space.
                #expect(try host.processings("--status", "running").count >= 3)
                try tally.open()
                _ = try eventually("the Scripts end on a full disk") {
                    try tally.lines().filter { $0.hasSuffix("ends") }.count == 3 ? true : nil
                }
                usleep(1_500_000)
                #expect(try tally.lines().allSatisfy { !$0.hasSuffix("after") }, "nothing goes on that is not recorded")
                try volume.free()
                for id in ids { #expect(try host.ended(id).status == "success") }
                for id in ids { #expect(try host.processing(id).scripts?.map(\.attempts.count) == [1, 1]) }
                #expect(try tally.lines().filter { !$0.hasSuffix("taken") } == Tally.whole(ids))
                // The second time is as the first.
                try volume.fill()
                try events.sendUntilRefused(host, prefix: "again", bytes: 20_000, most: 400)
                try volume.free()
                try events.check(host, tally)
            }
        }

        @Test func aLauncherThatIsKilledOnAFullDiskFindsEverythingWhenThereIsSpace() throws {
            try withVolume { host, volume, tally in
                let ids = try tally.start(3, on: host)
                try volume.fill()
                var events = SentEvents()
                try events.sendUntilRefused(host, prefix: "full", bytes: 20_000, most: 400)
                try host.end(SIGKILL)
                try tally.open()
                _ = try eventually("the Scripts end on a full disk, without a Launcher") {
                    try tally.lines().filter { $0.hasSuffix("ends") }.count == 3 ? true : nil
                }
                try volume.free()
                try host.start()
                for id in ids { #expect(try host.ended(id).status == "success") }
                #expect(try tally.lines().filter { !$0.hasSuffix("taken") } == Tally.whole(ids))
                try events.check(host, tally)
            }
        }

        // MARK: No inodes

        @Test func aFullInodeTableMakesScriptsWaitInsteadOfFail() throws {
            try withVolume(options: ["-N", "128"]) { host, volume, tally in
                let ids = try tally.start(2, on: host)
                try volume.useUpInodes()
                let waiting = try host.trigger("job")
                let why = try eventually("it says what it waits for") {
                    let why = try host.why(waiting)
                    return why.facts.contains { $0.kind == "state-folder" } ? why : nil
                }
                #expect(why.summary.contains("no inodes left (df, df -i)"), "\(why.summary)")
                #expect(why.summary.contains(host.state), "\(why.summary)")
                try tally.open()
                _ = try eventually("the Scripts end") {
                    try tally.lines().filter { $0.hasSuffix("ends") }.count == 2 ? true : nil
                }
                try volume.giveInodesBack()
                for id in ids + [waiting] { #expect(try host.ended(id).status == "success") }
                #expect(try tally.lines() == Tally.whole(ids + [waiting]))
                #expect(try host.processing(waiting).scripts?.map(\.attempts.count) == [1, 1])
            }
        }

        // MARK: Read-only

        @Test func aReadOnlyStateFolderAtTheStartIsAnErrorThatSaysWhatToDo() throws {
            try withVolume { host, volume, tally in
                try tally.open()
                _ = try host.complete("job")
                try host.end(SIGTERM)
                try volume.mount("remount,ro")
                let refused = try host.run("serve", "--config", host.configuration)
                #expect(refused.status == 1)
                #expect(refused.errors.contains("read-only"), "\(refused.errors)")
                #expect(refused.errors.contains("mount -o remount,rw"), "\(refused.errors)")
                try volume.mount("remount,rw")
                try host.start()
                #expect(try host.complete("job").status == "success")
            }
        }

        /// ext4 makes itself read-only on an error, and stays so until it was unmounted and checked: in effect, until the
        /// host was started anew.
        @Test func aDiskThatBecomesReadOnlyLosesNothingThatWasAcknowledged() throws {
            try withVolume(retry: "retry: {limit: 1, delay: 1s, on: [lost]}") { host, volume, tally in
                let ids = try tally.start(2, on: host)
                let before = try host.send("find", "before").caused
                for id in before { try host.ended(id) }
                try volume.breakDown()
                var events = SentEvents()
                try events.sendUntilRefused(host, prefix: "read-only", bytes: 100, most: 3)
                let reason = try #require(events.refused.values.first)
                #expect(events.acknowledged.isEmpty)
                #expect(reason.contains("altp.db") && reason.contains("read-only"), "\(reason)")
                #expect(try host.processings("--status", "running").count == 2)
                // As a reboot does.
                try host.end(SIGKILL)
                host.killSandboxes()
                try volume.repair()
                try tally.open()
                try host.start()
                for id in ids {
                    #expect(try host.ended(id).status == "success")
                    let work = try #require(try host.processing(id).scripts?.first)
                    #expect(work.attempts.map(\.outcome) == ["lost", "success"])
                }
                for id in before { #expect(try host.processing(id).status == "success") }
                for key in events.refused.keys { #expect(try host.send("find", key).duplicate == false) }
            }
        }
    }
}

extension SmallVolume {
    /// Takes the last block that is free, for root too.
    func fill() throws {
        let file = Glibc.open("\(path)/filler", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw TestFailure("open filler: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        // What was promised before it was written may fall short or be left over: until two rounds find nothing.
        var rounds = 0
        while rounds < 2 {
            var taken = 0
            for size in [1 << 20, 4096, 1] {
                let bytes = [UInt8](repeating: 1, count: size)
                while case let count = Glibc.write(file, bytes, size), count > 0 { taken += count }
                guard errno == ENOSPC else { throw TestFailure("write filler: \(String(cString: strerror(errno)))") }
            }
            fsync(file)
            rounds = taken == 0 ? rounds + 1 : 0
        }
    }

    func free() throws {
        guard unlink("\(path)/filler") == 0 else { throw TestFailure("unlink: \(String(cString: strerror(errno)))") }
    }

    func useUpInodes() throws {
        mkdir("\(path)/inodes", 0o700)
        for number in 0..<100_000 {
            let file = Glibc.open("\(path)/inodes/\(number)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            if file < 0 {
                guard errno == ENOSPC else { throw TestFailure("create: \(String(cString: strerror(errno)))") }
                return
            }
            close(file)
        }
        throw TestFailure("the volume does not run out of inodes")
    }

    func giveInodesBack() throws { try FileManager.default.removeItem(atPath: "\(path)/inodes") }

    /// Mounts with other options what is mounted.
    func mount(_ options: String) throws { try succeed(["mount", "-o", options, path]) }

    /// Has ext4 find an error, upon which it makes itself read-only.
    func breakDown() throws {
        try mount("remount,errors=remount-ro")
        // As ext4 does by itself within five seconds: of a pid 1 that is not on the disk a start in the same boot would think
        // that it never began, and only a reboot tells better.
        try succeed(["sync", "-f", path])
        let device = try succeed(["findmnt", "-n", "-o", "SOURCE", path]).output
        let name = device.split(separator: "/").last.map { $0.filter { !$0.isWhitespace } } ?? ""
        let trigger = Glibc.open("/sys/fs/ext4/\(name)/trigger_fs_error", O_WRONLY | O_CLOEXEC)
        guard trigger >= 0 else { throw TestFailure("trigger_fs_error: \(String(cString: strerror(errno)))") }
        defer { close(trigger) }
        guard write(trigger, "1", 1) == 1 else { throw TestFailure("write: \(String(cString: strerror(errno)))") }
        let probe = Glibc.open("\(path)/probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard probe < 0, errno == EROFS else { throw TestFailure("the volume is still writable") }
    }

    /// What a host does when it starts again.
    func repair() throws {
        let image = "\(path.dropLast("/volume".count))/image"
        _ = try eventually("the volume is unmounted") { umount2(path, 0) == 0 ? true : nil }
        // It says by its status that it mended something.
        let checked = try execute(["e2fsck", "-f", "-y", image])
        guard checked.status <= 1 else { throw TestFailure("e2fsck: \(checked.output)\(checked.errors)") }
        try succeed(["mount", "-o", "loop", image, path])
    }

    @discardableResult
    private func succeed(_ command: [String]) throws -> ChildProcess.Ended {
        let ended = try execute(command)
        guard ended.status == 0 else {
            throw TestFailure("\(command.joined(separator: " ")): \(ended.output)\(ended.errors)")
        }
        return ended
    }
}

extension Host {
    /// Kills everything in its sandboxes, their pid 1 too, and waits until it is gone.
    func killSandboxes() {
        let deadline = Deadline(seconds: 10)
        while !deadline.isOver {
            // With cgroups of version 1 a pid 1 is in none of theirs; its attempt's lock names it.
            let locked = FileTree.paths(below: "\(state)/processings").filter { $0.hasSuffix("/lock") }
                .compactMap { try? String(contentsOfFile: "\(state)/processings/\($0)", encoding: .utf8) }
                .compactMap { pid_t($0) }.filter { kill($0, 0) == 0 }
            let inGroups = HostProcess.all().filter { pid in
                (try? String(contentsOfFile: "/proc/\(pid)/cgroup", encoding: .utf8))?.contains("/\(cgroup)/") ?? false
            }
            let rest = locked + inGroups
            if rest.isEmpty { return }
            for pid in rest { kill(pid, SIGKILL) }
            usleep(10_000)
        }
    }
}
