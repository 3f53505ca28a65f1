import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Directories that the host reads, lists and deletes when the sandbox has ended. That the attempt's directory is gone
    /// afterwards is what `Attack.run` expects.
    @Suite struct HostileTreesTests {
        @Test func aVeryDeepTreeIsRemoved() throws {
            let attack = try Attack()
            let result = try attack.run(
                SandboxedCommand(
                    python: """
                        import os
                        os.chdir("/scratch")
                        for _ in range(50_000): os.mkdir("d"); os.chdir("d")
                        print("done")
                        """, policy: "limits: {memory: 1G}"), seconds: 600)
            #expect(result.output == "done\n")
        }

        @Test func aVeryWideTreeIsRemoved() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    os.mkdir("/scratch/below")
                    for number in range(12_000): os.close(os.open("/scratch/below/%d" % number, os.O_CREAT))
                    for number in range(2_000): os.makedirs("/scratch/below/d%d/d/d" % number)
                    print("done")
                    """, policy: "limits: {memory: 512M}")
            #expect(result.output == "done\n")
        }

        @Test func namesThatAreNoTextAreRemoved() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    os.chdir("/scratch")
                    names = [bytes([byte]) for byte in range(1, 256) if byte not in b"./"]
                    names += [b"\\xff" * 255, b"\\xc3\\x28", b"\\xed\\xa0\\x80", b"..\\n", b"...", b"-rf", b"\\x1b]0;x\\x07",
                              ".altp-removed-1".encode(), "\\u202egnp.exe".encode(), "a\\u0301".encode(), "\\u00e1".encode()]
                    for name in names:
                        os.mkdir(name)
                        os.mkdir(name + b"/" + name)
                        os.close(os.open(name + b"/" + name + b"/" + name, os.O_CREAT))
                    print(len(os.listdir(b".")) == len(names))
                    """)
            #expect(result.output == "True\n")
        }

        @Test func whatIsNoFileIsRemovedWithoutBeingOpened() throws {
            let attack = try Attack()
            let result = try attack.run(
                python: """
                    os.chdir("/scratch")
                    os.mkfifo("fifo"); os.mkdir("d", 0o000); os.mkdir("e"); os.mkfifo("e/fifo", 0o000)
                    for name in ["socket", "e/socket"]: socket.socket(socket.AF_UNIX).bind(name)
                    os.symlink("loop", "loop"); os.symlink("/proc/self/fd/0", "e/link"); os.symlink("x" * 1000, "e/long")
                    os.chmod("e", 0o000)
                    print("done")
                    """)
            #expect(result.output == "done\n")
        }

        /// What a link of the Script's points to is the host's, also where a directory is expected.
        @Test func linksOutOfTheTreeAreNotFollowed() throws {
            let attack = try Attack()
            let kept = try attack.folder("kept")
            try attack.stage.write("kept/file", "kept")
            try attack.run(
                """
                cd /scratch; mkdir -p a/b
                for place in . a a/b; do
                  ln -s \(kept) $place/folder; ln -s \(kept)/file $place/file
                  ln -s ../../../../../../../../../..\(kept) $place/relative
                done
                rm -rf /scratch/../tmp/x; ln -s \(kept) /tmp/x
                """)
            #expect(try attack.stage.read("kept/file") == "kept")
        }

        /// The attempt's own files: what pid 1 and the host write and read there must be theirs.
        @Test func theEventsFileCannotBeReplaced() throws {
            let attack = try Attack()
            let result = try attack.run(
                """
                rm -f /run/altp-events; mv /run/altp-events /run/x; ln -sf \(attack.stage.path)/secret /run/altp-events
                mkfifo /run/altp-events; head -c 3000000 /dev/zero | tr '\\0' '[' >> /run/altp-events
                stat -c %F /run/altp-events
                """)
            #expect(result.output == "regular file\n")
        }

        @Test func immutableFilesAreRemoved() throws {
            let attack = try Attack()
            try attack.run("mkdir -p a/b; echo x > a/b/file; exec sleep \(attack.marker)") { _ in
                let sleeper = try attack.sleeper()
                let scratch = "\(try attack.attempt())/scratch"
                let marked = try execute(["chattr", "+i", "\(scratch)/a/b/file", "\(scratch)/a/b", "\(scratch)/a"])
                try #require(marked.status == 0, "no immutable files here: \(marked.errors)")
                #expect(unlink("\(scratch)/a/b/file") != 0)
                kill(sleeper, SIGKILL)
            }
        }

        /// The mount is an administrator's, and what is on it too: it is left, moved aside with the way to it, and told.
        @Test func aMountLeftInTheTreeIsMovedAsideAndTold() throws {
            let attack = try Attack()
            let kept = try attack.folder("kept")
            try attack.stage.write("kept/file", "kept")
            var command = SandboxedCommand("mkdir -p a/b; echo x > a/file; exec sleep \(attack.marker)")
            command.environment["ALTP_RUN_DIR"] = attack.runs
            let result = try command.run { _ in
                let sleeper = try attack.sleeper()
                try #require(mount(kept, "\(attack.attempt())/scratch/a/b", nil, UInt(MS_BIND), nil) == 0)
                kill(sleeper, SIGKILL)
            }
            #expect(try attack.stage.read("kept/file") == "kept")
            #expect(FileTree.names(in: attack.runs) == ["altp-run-leftover"])
            let aside = "\(attack.runs)/altp-run-leftover"
            let name = try #require(FileTree.names(in: aside).first)
            #expect(result.errors.contains("\(aside)/\(name)"))
            let mounted = try #require(
                try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).split(separator: "\n")
                    .map { $0.split(separator: " ")[4] }.first { $0.hasPrefix(aside) })
            #expect(umount2(String(mounted), 0) == 0)
            #expect(FileTree.text(of: "file", below: aside) == nil)
        }

        /// CVE-2021-30465: between the look at a mount's source and its use, somebody puts a link in its place.
        @Test(arguments: ["source", "source/middle/end"]) func aSourceSwappedForALinkIsRefused(_ source: String) throws
        {
            let attack = try Attack()
            let hidden = try attack.folder("hidden")
            try attack.stage.write("hidden/file", attack.secret)
            try attack.stage.write("hidden/middle/end/file", attack.secret)
            try attack.stage.write("real/middle/end/file", "harmless")
            let path = "\(attack.stage.path)/source"
            let swapper = try ChildProcess([
                "python3", "-c",
                """
                import os, sys
                link, real, hidden = sys.argv[1:]
                os.rename(real, link)
                print("swapping", flush=True)
                while True:
                    os.rename(link, real); os.symlink(hidden, link)
                    os.unlink(link); os.rename(real, link)
                """, path, "\(attack.stage.path)/real", hidden,
            ])
            defer { swapper.signal(SIGKILL) }
            _ = try eventually("the swapping begins") { swapper.output.contains("swapping") ? true : nil }
            for _ in 0..<25 {
                let command = SandboxedCommand(
                    "cat /in/file /in/middle/end/file 2>/dev/null",
                    policy: "mounts: [{source: \(attack.stage.path)/\(source), target: /in}]")
                // Some of these are refused, and then there may be no report.
                let folder = try TemporaryFolder()
                defer { folder.remove() }
                try folder.write("policy.yaml", command.policy!)
                let ended = try ChildProcess(
                    [Installation.path(of: "altp"), "run", "--policy", "\(folder.path)/policy.yaml", "--"]
                        + command.arguments,
                    environment: ["ALTP_RUN_DIR": attack.runs]
                ).wait()
                #expect(!ended.output.contains(attack.secret))
            }
            #expect(FileTree.names(in: attack.runs) == [])
        }

        /// A mount's target below another mount, which an earlier Script could write to: a link there leads to the host.
        @Test func aTargetThroughALinkIsRefused() throws {
            let attack = try Attack()
            let output = try attack.folder("output")
            let other = try attack.folder("other")
            let outside = try attack.folder("outside")
            try attack.run(
                "ln -s ../../../../../..\(outside) /output/link; ln -s \(outside) /output/absolute",
                policy: "mounts: [{source: \(output), target: /output, mode: rw}]")
            for link in ["link", "absolute"] {
                let result = try attack.run(
                    "true",
                    policy: """
                        mounts:
                          - {source: \(output), target: /output, mode: rw}
                          - {source: \(other), target: /output/\(link)/made}
                        """)
                #expect(result.report.kind == "setup")
                #expect(result.status == 125)
            }
            #expect(FileTree.names(in: outside) == [])
        }

        /// The Processing's shared directory between two Scripts, and what the host makes of it at the end.
        @Test func aProcessingsDirectoryFullOfTrapsIsRemoved() throws {
            try withHost([
                "tasks/t.yaml": """
                policy: small
                keep: {success: 0s}
                scripts:
                  - name: lay
                    run: |
                      cd /processing
                      mkfifo fifo; ln -s /etc link; ln -s / root; mkdir -p "$(printf 'a\\377\\n')/b"; mkdir locked; touch locked/x
                      chmod 000 locked; head -c 100000 /dev/zero > '-rf'; ln link2 x 2>/dev/null; rm -rf /scratch/* || true
                  - name: look
                    run: 'ls -la /processing; test -p /processing/fifo'
                """
            ]) { host in
                let ended = try host.complete("t")
                #expect(ended.status == "success")
                try eventually("its directories are removed") {
                    FileTree.names(in: "\(host.state)/processings").isEmpty ? () : nil
                }
                #expect(access("/etc/passwd", F_OK) == 0)
            }
        }

        /// A mount that an administrator left in a Processing's directory does not keep it from running again.
        @Test func aMountInAProcessingsDirectoryIsMovedAside() throws {
            try withHost([
                "tasks/t.yaml": "policy: small\nscripts: [{name: work, run: 'mkdir /processing/place'}]\n"
            ]) { host in
                let id = try host.complete("t").id
                let directory = "\(host.state)/processings/\(id)"
                try #require(mount("tmpfs", "\(directory)/shared/place", "tmpfs", 0, "size=64k") == 0)
                try host.altp("rerun", "\(id)")
                #expect(try host.ended(id).status == "success")
                let aside = try #require(FileTree.names(in: "\(directory)/leftover").first)
                #expect(umount2("\(directory)/leftover/\(aside)/place", 0) == 0)
                #expect(host.log.contains("leftover/\(aside)"))
            }
        }
    }
}
