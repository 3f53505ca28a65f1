import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Attempts that are written into a file, and rerun from it where nothing else of them is.
    @Suite struct ExportTests {
        /// What calibrate prints tells whether it has everything: its script, parameter, inputs, an empty /scratch, its
        /// user, its limits and the filter's refusal.
        private static let files = [
            "tasks/t.yaml": """
            params: {scene: {type: string, default: LC08}}
            policy: own
            scripts:
              - name: load
                run: mkdir -p bands && echo raw >/processing/raw && ln -s raw /processing/link && chmod 640 /processing/raw
              - name: calibrate
                run: [calibrate.sh, "${scene}"]
                workdir: processing
            """,
            "tasks/t/calibrate.sh": """
            #!/bin/sh
            echo "$1 $PARAM_SCENE $ALTP_SCRIPT $(pwd) $(id -u) $(ulimit -n) $(cat raw) $(cat link) $(stat -c %a:%u raw)"
            ls -A /scratch
            unshare -U true 2>/dev/null || echo refused
            echo x >/scratch/half; echo done >>raw
            exit 3
            """,
        ]

        private static let printed =
            "LC08 LC08 calibrate /processing 1000 512 raw raw 640:1000\nrefused\n"

        private func withAttempt(_ policy: String, _ body: (Host, Int64, TemporaryFolder) throws -> Void) throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            var files = Self.files
            files["policies/own.yaml"] = policy + "\n"
            try withHost(files) { host in
                let ended = try host.complete("t")
                #expect(ended.outcome == "hard")
                #expect(try host.altp("logs", "\(ended.id)/calibrate") == Self.printed)
                // As a rerun by hand would: with what the Script itself left there.
                let shared = FileTree.paths(below: host.state).first { $0.hasSuffix("shared/raw") }
                if let shared { try Data("raw\n".utf8).write(to: URL(filePath: "\(host.state)/\(shared)")) }
                try body(host, ended.id, folder)
            }
        }

        private func altp(_ arguments: String...) throws -> ChildProcess.Ended {
            try execute([try Installation.path(of: "altp")] + arguments)
        }

        @Test(arguments: [
            "limits: {memory: 128M, open_files: 512}", "limits: {memory: 128M, open_files: 512, disk: 16M}",
        ])
        func reruns(_ policy: String) throws {
            try withAttempt(policy) { host, id, folder in
                let file = "\(folder.path)/case.tar"
                let said = try host.altp("export", "\(id)", "-o", file)
                #expect(said.hasPrefix("\(id)/calibrate#1 is in \(file), "))
                #expect(FileTree.names(in: folder.path) == ["case.tar"])
                let names = try execute(["tar", "-tf", file]).output.split(separator: "\n").map(String.init)
                #expect(names.first == "bundle.json")
                for name in ["outcome.json", "log", "scratch/half", "processing/raw", "scripts/calibrate.sh"] {
                    #expect(names.contains(name), "\(name)")
                }
                let isImage = access(host.attempt(id, "calibrate.1/disk"), F_OK) == 0
                let again = try altp("run", "--bundle", file)
                // In an image what calibrate added to raw could not be taken back above.
                let expected =
                    isImage
                    ? Self.printed.replacing("raw raw 640", with: "raw done raw done 640")
                    : Self.printed
                #expect(again.status == 3, "\(again.errors)")
                #expect(again.output.replacing("raw\ndone", with: "raw done") == expected)
                // Nothing of it stays, and the bundle is as it was: again the same.
                #expect(try altp("run", "--bundle", file).status == 3)
                let other = try altp("run", "--bundle", file, "--", "cat", "/processing/raw")
                #expect(other.output.hasPrefix("raw\n") && other.status == 0)
            }
        }

        @Test func namesARootfsThatIsMissingAndBringsItAlong() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let tree = try SmallTree(at: "\(folder.path)/tree")
            #expect(mkdir("\(tree.path)/dev", 0o755) == 0)
            #expect(mknod("\(tree.path)/dev/null", S_IFCHR | 0o666, 0x103) == 0)
            try withHost([
                "rootfs/small.yaml": "directory: \(tree.path)\n",
                "policies/own.yaml": "rootfs: small\nlimits: {memory: 128M}\n",
                "tasks/t.yaml": """
                policy: own
                scripts:
                  - name: work
                    run: cat /etc/origin; stat -c %u:%g /etc/origin; ls /open; echo x >/open/mine; exit 4
                """,
            ]) { host in
                let id = try host.complete("t").id
                let (thin, full) = ("\(folder.path)/thin.tar", "\(folder.path)/full.tar")
                try host.altp("export", "\(id)", "-o", thin)
                try host.altp("export", "\(id)", "--with-rootfs", "-o", full)
                let empty = "\(folder.path)/empty"
                try folder.write("empty/altp.yaml", "state: \(folder.path)/state\n")
                let missing = try altp("run", "--bundle", thin, "--config", empty)
                #expect(missing.status == 125)
                #expect(missing.errors.contains("needs the rootfs small, whose files are not in it"))
                #expect(missing.errors.contains("--with-rootfs"))
                for (file, configuration) in [(full, empty), (thin, host.configuration)] {
                    let again = try altp("run", "--bundle", file, "--config", configuration)
                    #expect(again.status == 4, "\(again.errors)")
                    #expect(again.output == "image\n0:0\n")
                }
            }
        }

        @Test(.enabled(if: access("/usr/sbin/runc", X_OK) == 0, "there is no runc"))
        func runsUnderRunc() throws {
            try withAttempt("limits: {memory: 128M, open_files: 512, cpu: 0.5, pids: 32}") { host, id, folder in
                let file = "\(folder.path)/oci.tar"
                let ended = try host.run("export", "\(id)", "--oci", "-o", file)
                #expect(ended.status == 0, "\(ended.errors)")
                #expect(ended.errors.contains("do not hold wall_time"))
                let result = try runc(file, folder)
                #expect(result.status == 3, "\(result.errors)")
                #expect(result.output == Self.printed)
            }
        }

        @Test(.enabled(if: access("/usr/sbin/runc", X_OK) == 0, "there is no runc"))
        func runsAnImageUnderRunc() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let tree = try SmallTree(at: "\(folder.path)/tree")
            try withHost([
                "rootfs/small.yaml": "directory: \(tree.path)\n",
                "policies/own.yaml": "rootfs: small\nlimits: {memory: 128M}\n",
                "tasks/t.yaml": """
                policy: own
                scripts:
                  - name: work
                    run: cat /etc/origin; stat -c %u:%g /etc/origin; id -u; echo x >/open/mine; ls /open; exit 4
                """,
            ]) { host in
                let id = try host.complete("t").id
                let printed = try host.altp("logs", "\(id)")
                #expect(printed == "image\n0:0\n1000\nmine\n")
                let file = "\(folder.path)/oci.tar"
                try host.altp("export", "\(id)", "--oci", "-o", file)
                let result = try runc(file, folder)
                #expect(result.status == 4, "\(result.errors)")
                #expect(result.output == printed)
            }
        }

        /// Below a group of this test's own.
        private func runc(_ file: String, _ folder: TemporaryFolder) throws -> ChildProcess.Ended {
            let bundle = "\(folder.path)/bundle"
            let name = "altp-test-runc-\(getpid())"
            // The container's root has to reach it.
            #expect(mkdir(bundle, 0o755) == 0 && chmod(folder.path, 0o711) == 0)
            #expect(try execute(["tar", "-xpf", file, "--numeric-owner", "-C", bundle]).status == 0)
            let path = "\(bundle)/config.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let own = text.replacing("\"linux\" : {", with: "\"linux\" : {\"cgroupsPath\": \"/\(name)/x\",")
            #expect(own != text)
            try Data(own.utf8).write(to: URL(filePath: path))
            defer {
                _ = try? execute(["runc", "delete", "--force", name])
                for group in HostProcess.groups(below: "/sys/fs/cgroup", named: name) {
                    rmdir("/sys/fs/cgroup/\(group)")
                }
            }
            return try execute(["runc", "run", "--bundle", bundle, name])
        }

        /// What somebody could add to a bundle, as lines of Python.
        private static let additions = [
            ("above", "add('../../../../../var/tmp/MARK', tarfile.REGTYPE)"),
            ("absolute", "add('/var/tmp/MARK', tarfile.REGTYPE)"),
            (
                "through a link",
                "add('scripts/out', tarfile.SYMTYPE, '/var/tmp'); add('scripts/out/MARK', tarfile.REGTYPE)"
            ),
            (
                "through a folder",
                "add('processing/out', tarfile.SYMTYPE, '../../../..'); add('processing/out/MARK', tarfile.REGTYPE)"
            ),
            ("a device", "add('processing/MARK', tarfile.CHRTYPE)"),
            ("a hard link", "add('processing/MARK', tarfile.LNKTYPE, '/etc/passwd')"),
            ("in place", "add('processing', tarfile.SYMTYPE, '/etc')"),
        ]

        private static let rewrite = """
            import io, sys, tarfile
            source, target, mark, line = sys.argv[1:]
            with tarfile.open(source) as old, tarfile.open(target, 'w', format=tarfile.PAX_FORMAT) as new:
                for member in old:
                    new.addfile(member, old.extractfile(member) if member.isreg() else None)
                def add(name, kind, link=''):
                    info = tarfile.TarInfo(name.replace('MARK', mark))
                    info.type, info.linkname, info.mode, info.devmajor, info.devminor = kind, link, 0o666, 1, 3
                    new.addfile(info, io.BytesIO(b''))
                exec(line)
            """

        @Test func writesNothingBesideItsFolder() throws {
            try withAttempt("limits: {memory: 128M, open_files: 512}") { host, id, folder in
                let file = "\(folder.path)/case.tar"
                try host.altp("export", "\(id)", "-o", file)
                for (name, line) in Self.additions {
                    let mark = "altp-mark-\(getpid())"
                    let evil = "\(folder.path)/evil.tar"
                    let made = try execute(["/usr/bin/python3", "-c", Self.rewrite, file, evil, mark, line])
                    #expect(made.status == 0, "\(made.errors)")
                    let run = try ChildProcess(
                        [
                            Installation.path(of: "altp"), "run", "--bundle", evil, "--", "sh", "-c",
                            "find /processing /scripts",
                        ],
                        environment: ["ALTP_RUN_DIR": folder.path]
                    ).wait()
                    #expect(run.status == 0 || run.status == 125, "\(name): \(run.errors)")
                    #expect(!run.output.contains("root:x:0"))
                    #expect(access("/var/tmp/\(mark)", F_OK) != 0, "\(name)")
                    if name == "a device" || name == "in place" { #expect(run.status == 125, "\(name): \(run.output)") }
                    #expect(FileTree.names(in: folder.path).filter { $0.hasPrefix("altp-run") } == [], "\(name)")
                }
                try folder.write("nothing.tar", "no archive")
                let nothing = try altp("run", "--bundle", "\(folder.path)/nothing.tar")
                #expect(nothing.status == 125)
                #expect(nothing.errors.contains("does not begin with bundle.json"), "\(nothing.errors)")
            }
        }

        @Test func saysWhatItCannotDo() throws {
            try withHost([
                "policies/own.yaml": "limits: {memory: 128M}\nnetwork: {allow: [\"192.0.2.1:443\"]}\n",
                "policies/plain.yaml": "limits: {memory: 128M}\n",
                "tasks/n.yaml": "policy: own\nscripts:\n  - name: work\n    run: exit 1\n",
                "tasks/w.yaml": "policy: plain\nscripts:\n  - name: work\n    run: exec sleep 60\n",
            ]) { host in
                let listed = try host.complete("n").id
                let oci = try host.run("export", "\(listed)", "--oci", "-o", "\(host.root.path)/x.tar")
                #expect(oci.status == 1)
                #expect(oci.errors.contains("its network is a list of what is allowed"))
                let rootfs = try host.run("export", "\(listed)", "--with-rootfs", "-o", "\(host.root.path)/x.tar")
                #expect(rootfs.status == 1 && rootfs.errors.contains("is the host's own"))
                let id = try host.trigger("w")
                try host.running(id, "work")
                let running = try host.run("export", "\(id)", "-o", "\(host.root.path)/x.tar")
                #expect(running.status == 1 && running.errors.contains("has not ended"))
                try host.altp("cancel", "\(id)")
                try host.ended(id)
                let nowhere = try host.run("export", "\(id)", "-o", "\(host.root.path)/nowhere/x.tar")
                #expect(nowhere.status == 1 && nowhere.errors.contains("nowhere/x.tar"))
                #expect(!FileTree.names(in: host.root.path).contains { $0.contains("x.tar") })
            }
        }
    }
}
