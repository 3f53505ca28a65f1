import Glibc
import Testing

extension EndToEnd {
    /// What is done in a snapshot is thrown away.
    @Suite struct SnapshotTests {
        private static let change =
            "cat file /processing/shared; echo changed >file; rm /processing/shared; mkdir new; chmod 700 .; cat file"

        private func fingerprint(_ folder: String) throws -> String {
            let line =
                "cd $1 && find . -printf '%P %y %m %U:%G %s %T@ %C@\\n' | sort; find . -type f -exec cksum {} + | sort"
            return try execute(["sh", "-c", line, "sh", folder]).output
        }

        @Test(arguments: ["failing", "disk"])
        func evidenceStaysAsItWas(_ task: String) throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed(task)
                let folder = "\(host.state)/processings/\(id)"
                let before = try fingerprint(folder)
                for _ in 1...2 {
                    let text = try host.inside("\(id)", ["--snapshot"], Self.change)
                    #expect(text == "evidence\nshared\nchanged\n")
                    #expect(try fingerprint(folder) == before)
                }
                #expect(FileTree.names(in: "\(host.state)/sessions") == [])
                #expect(host.loopDevices() == [])
                #expect(try host.inside("\(id)", "cat file /processing/shared") == "evidence\nshared\n")
            }
        }

        @Test func anImagesLayerStaysToo() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let tree = try SmallTree(at: "\(folder.path)/tree")
            try withHost([
                "rootfs/tiny.yaml": "directory: \(tree.path)\n",
                "policies/tiny.yaml": "rootfs: tiny\nlimits: {memory: 128M, wall_time: 10m, grace: 1s}\n",
                "tasks/tiny.yaml":
                    "policy: tiny\nscripts: [{name: work, run: 'echo left >/open/left; exit 3'}]\n",
            ]) { host in
                let id = try host.failed("tiny")
                let before = try fingerprint("\(host.attempt(id))/upper")
                let line = "cat /open/left; rm /open/left; echo x >/open/x; ls /open"
                #expect(try host.inside("\(id)", ["--snapshot"], line) == "left\nx\n")
                #expect(try fingerprint("\(host.attempt(id))/upper") == before)
                #expect(try host.inside("\(id)", "ls /open") == "left\n")
            }
        }

        @Test func whatThePolicyHandsInIsOnlyLookedAt() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            try folder.write("product", "old\n")
            let user = try #require(getpwnam("nobody")).pointee
            for path in [folder.path, "\(folder.path)/product"] { chown(path, user.pw_uid, user.pw_gid) }
            try withHost([
                "policies/deliver.yaml":
                    "mounts: [{source: \(folder.path), target: /products, mode: rw, owner: nobody}]\n",
                "tasks/deliver.yaml":
                    "policy: deliver\nscripts: [{name: work, run: 'echo new > /products/product; exit 3'}]\n",
            ]) { host in
                let id = try host.failed("deliver")
                let ended = try host.enter("\(id)", ["--snapshot"], "sh", "-c", "echo mine > /products/product")
                #expect(ended.status != 0)
                #expect(ended.errors.contains("Read-only file system"))
                #expect(try folder.read("product") == "new\n")
                try host.inside("\(id)", "echo mine > /products/product")
                #expect(try folder.read("product") == "mine\n")
            }
        }

        @Test func eachHasOneOfItsOwn() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let visitors = try (0..<2).map { _ in try host.stayInside("\(id)", ["--snapshot"]) }
                #expect(FileTree.names(in: "\(host.state)/sessions").count == 2)
                visitors.forEach { $0.signal(SIGKILL) }
            }
        }

        @Test func aRunningScriptHasNone() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begun()
                let ended = try host.enter("\(id)", ["--snapshot"], "true")
                #expect(ended.status != 0)
                #expect(ended.errors.contains("enter it without a snapshot"))
                try host.altp("cancel", "\(id)")
                try host.ended(id)
            }
        }
    }
}
