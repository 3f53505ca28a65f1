import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Files that a Processing needs, and that somebody deleted.
    @Suite struct MissingFilesTests {
        private static let chain = [
            "tasks/chain.yaml": """
            policy: small
            scripts:
              - {name: first, run: first.sh}
              - {name: second, run: second.sh}
            """,
            "tasks/chain/first.sh":
                "#!/bin/sh\n>/processing/begun\nwhile [ ! -e /processing/go ]; do sleep 0.1; done\n",
            "tasks/chain/second.sh": "#!/bin/sh\necho old\n",
        ]

        /// Waits until its first Script really runs: what was to be read for it has been.
        private func begun(_ host: Host, _ id: Int64) throws {
            _ = try eventually("\(id)/first runs") {
                access("\(host.state)/processings/\(id)/shared/begun", F_OK) == 0 ? true : nil
            }
        }

        @Test func aDeletedScriptsFolderIsNothingToAProcessingThatIsUnderWay() throws {
            try withHost(Self.chain) { host in
                let id = try host.trigger("chain")
                try begun(host, id)
                try FileManager.default.removeItem(atPath: "\(host.configuration)/tasks/chain")
                try host.root.write("state/processings/\(id)/shared/go", "")
                #expect(try host.ended(id).status == "success")
                #expect(try host.altp("logs", "\(id)/second").contains("old"))
            }
        }

        @Test func aTaskWhoseScriptsFolderIsGoneFailsClearlyAndRunsAgainWhenItIsBack() throws {
            try withHost(Self.chain) { host in
                let folder = "\(host.configuration)/tasks/chain"
                try FileManager.default.moveItem(atPath: folder, toPath: "\(folder).away")
                let failed = try host.complete("chain")
                #expect(failed.status == "failed")
                #expect(try host.why(failed.id).summary.contains("exit status 127"))
                #expect(try host.altp("logs", "\(failed.id)").contains("first.sh: not found"))
                try FileManager.default.moveItem(atPath: "\(folder).away", toPath: folder)
                try host.altp("rerun", "\(failed.id)", "--current")
                try begun(host, failed.id)
                try host.root.write("state/processings/\(failed.id)/shared/go", "")
                #expect(try host.ended(failed.id).status == "success")
            }
        }

        // MARK: The rootfs

        private func withTree(_ body: (Host, String) throws -> Void) throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let tree = try SmallTree(at: "\(folder.path)/tree")
            try withHost([
                "rootfs/tree.yaml": "directory: \(tree.path)\n",
                "policies/tree.yaml": "rootfs: tree\nlimits: {cpu: 0.5, memory: 128M, wall_time: 2m, grace: 1s}\n",
                "tasks/other.yaml": "policy: small\nscripts: [{name: work, run: 'true'}]\n",
                "tasks/chain.yaml": """
                policy: tree
                scripts:
                  - {name: first, run: '>/processing/begun; while [ ! -e /processing/go ]; do sleep 0.1; done'}
                  - {name: second, run: 'echo new'}
                """,
            ]) { try body($0, tree.path) }
        }

        @Test func aRootfsThatIsGoneBetweenScriptsFailsTheNextOneAndNothingElse() throws {
            try withTree { host, tree in
                let id = try host.trigger("chain")
                try begun(host, id)
                try FileManager.default.moveItem(atPath: tree, toPath: "\(tree).away")
                defer { try? FileManager.default.moveItem(atPath: "\(tree).away", toPath: tree) }
                try host.root.write("state/processings/\(id)/shared/go", "")
                let failed = try host.ended(id)
                #expect(failed.status == "failed")
                #expect(failed.scripts?.last?.attempts.map(\.outcome) == ["setup"])
                let summary = try host.why(id).summary
                #expect(summary.contains(tree), "\(summary)")
                #expect(try host.complete("other").status == "success")
                try FileManager.default.moveItem(atPath: "\(tree).away", toPath: tree)
                try host.altp("rerun", "\(id)", "--from", "second")
                #expect(try host.ended(id).status == "success")
            }
        }

        @Test func aRootfsThatIsGoneAtTheStartIsAnErrorThatNamesItAndWhatWaitsGoesOn() throws {
            try withTree { host, tree in
                let id = try host.trigger("chain")
                try begun(host, id)
                try host.end(SIGTERM)
                try FileManager.default.moveItem(atPath: tree, toPath: "\(tree).away")
                defer { try? FileManager.default.moveItem(atPath: "\(tree).away", toPath: tree) }
                let refused = try host.run("serve", "--config", host.configuration)
                #expect(refused.status == 1)
                #expect(refused.errors.contains(tree), "\(refused.errors)")
                try FileManager.default.moveItem(atPath: "\(tree).away", toPath: tree)
                try host.start()
                try host.root.write("state/processings/\(id)/shared/go", "")
                #expect(try host.ended(id).status == "success")
                #expect(try host.processing(id).scripts?.map(\.attempts.count) == [1, 1])
            }
        }
    }
}
