import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// What `altp diff` tells of attempts, on each kind of disk.
    @Suite struct DiffTests {
        private static let task = """
            policy: own
            scripts:
              - name: load
                run: echo raw >/processing/raw; echo keep >/processing/keep; echo old >/processing/old; echo l >log
              - name: calibrate
                run: |
                  echo more >>/processing/raw
                  rm /processing/old
                  mkdir half; echo 12345 >half/scene.tif; ln -s /etc/passwd half/link
                  echo x >"$(printf 'a\\033[31m\\377')"
                  exit 1
            """

        private func files(_ limits: String) -> [String: String] {
            ["policies/own.yaml": "limits: {memory: 128M\(limits)}\n", "tasks/t.yaml": Self.task]
        }

        private func changes(_ host: Host, _ reference: String) throws -> ChangesView {
            try host.json(ChangesView.self, "diff", reference)
        }

        private func lines(_ view: ChangesView, _ place: String) throws -> [String] {
            let tree = try #require(view.trees.first { $0.place == place })
            #expect(tree.obstacle == nil && !tree.cut)
            return tree.changes.map { "\($0.change) \($0.kind) \($0.path) \($0.size)\($0.later ? " later" : "")" }
        }

        @Test(arguments: ["", ", disk: 16M"])
        func tellsWhatEachScriptDid(_ limits: String) throws {
            try withHost(files(limits)) { host in
                let ended = try host.complete("t")
                #expect(ended.status == "failed")
                let view = try changes(host, "\(ended.id)")
                #expect(view.reference == Reference(processing: ended.id, script: "calibrate", attempt: 1))
                #expect(
                    try lines(view, "/scratch") == [
                        "added file a\u{1B}[31m\u{FFFD} 2", "added directory half 0", "added link half/link 11",
                        "added file half/scene.tif 6",
                    ])
                #expect(view.trees.first?.changes.first?.pathBase64 == "YRtbMzFt/w==")
                #expect(try lines(view, "/processing") == ["removed file old 4", "changed file raw 9"])
                let raw = try #require(view.trees.last?.changes.last)
                #expect(raw.sizeBefore == 4)
                // What came after it is not its own.
                let first = try changes(host, "\(ended.id)/load")
                #expect(
                    try lines(first, "/processing") == ["added file keep 5", "added file old 4", "added file raw 4"])
                #expect(try lines(first, "/scratch") == ["added file log 2"])
                let text = try host.altp("diff", "\(ended.id)/calibrate#1")
                #expect(text.hasPrefix("\(ended.id)/calibrate#1\n/scratch\n  + a^[[31m\u{FFFD}  2\n  + half/\n"))
                #expect(text.hasSuffix("/processing\n  - old  4\n  ~ raw  9, was 4\n"))
            }
        }

        @Test(arguments: ["", ", disk: 16M"])
        func marksWhatASessionDid(_ limits: String) throws {
            try withHost(files(limits)) { host in
                let ended = try host.complete("t")
                try host.altp(
                    "enter", "\(ended.id)", "--", "sh", "-c", "echo note >/scratch/note; echo 67 >>half/scene.tif")
                let view = try changes(host, "\(ended.id)")
                let scratch = try lines(view, "/scratch")
                #expect(scratch.suffix(2) == ["added file half/scene.tif 9 later", "added file note 5 later"])
                #expect(scratch.filter { $0.hasSuffix("later") }.count == 2)
                #expect(try lines(view, "/processing") == ["removed file old 4", "changed file raw 9"])
                let text = try host.altp("diff", "\(ended.id)")
                #expect(text.contains("  + note  5, in a session\n"))
            }
        }

        @Test func comparesARootWithItsImage() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let tree = try SmallTree(at: "\(folder.path)/tree")
            for name in ["theirs", "changed", "opened"] {
                try tree.write("open/\(name)", "of the image\n", owner: 1000)
            }
            #expect(mkdir("\(tree.path)/open/folder", 0o777) == 0 && chown("\(tree.path)/open/folder", 1000, 1000) == 0)
            try tree.write("open/folder/in", "1\n", owner: 1000)
            #expect(chown("\(tree.path)/open", 1000, 1000) == 0)
            try withHost([
                "rootfs/small.yaml": "directory: \(tree.path)\n",
                "policies/own.yaml": "rootfs: small\nlimits: {memory: 128M}\n",
                "tasks/t.yaml": """
                policy: own
                scripts:
                  - name: work
                    run: |
                      cd /open; rm theirs; echo more >>changed; : >>opened; echo new >new
                      rm folder/in; rm -d folder; : >/var/tmp/x; exit 1
                """,
            ]) { host in
                let view = try changes(host, "\(host.complete("t").id)")
                #expect(
                    try lines(view, "/") == [
                        "changed file open/changed 18", "removed directory open/folder 0", "added file open/new 4",
                        "removed file open/theirs 13", "added file var/tmp/x 0",
                    ])
            }
        }

        @Test func saysWhatItCannotTell() throws {
            try withHost(files(", disk: 16M")) { host in
                let unknown = try host.run("diff", "7")
                #expect(unknown.status == 1 && unknown.errors.contains("There is no Processing 7"))
                try host.write("tasks/w.yaml", "policy: own\nscripts:\n  - name: work\n    run: exec sleep 60\n")
                try host.altp("task", "reload")
                let id = try host.trigger("w")
                try host.running(id, "work")
                let running = try host.run("diff", "\(id)")
                // Only an image is for one alone; where quotas hold the limit, it can be looked at all the time.
                if host.usesImages(id) {
                    #expect(running.status == 1)
                    #expect(running.errors.contains("\(id)/work#1 runs, and has the disk of \(id)/work#1 for itself"))
                } else {
                    #expect(running.status == 0, "\(running.errors)")
                }
                try host.altp("cancel", "\(id)")
                try host.ended(id)
                #expect(try host.altp("diff", "\(id)") == "\(id)/work#1\n/scratch\n  nothing\n/processing\n  nothing\n")
            }
        }
    }
}
