import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    @Suite(.enabled(if: ImageTools.has("mmdebstrap"), "building images needs mmdebstrap"))
    struct BuildTests {
        /// One test, because one build takes its time.
        @Test func buildsAndRebuildsTheDefinitionThatShips() throws {
            let host = try ImageHost()
            defer { host.remove() }
            let shipped = try execute([try Installation.path(of: "altp"), "init", "\(host.root.path)/shipped"])
            #expect(shipped.status == 0, "\(shipped.errors)")
            try host.root.write("etc/rootfs/minimal.yaml", try host.root.read("shipped/rootfs/minimal.yaml"))
            #expect(try host.row("minimal").state == "missing")

            let first = try host.start(["build", "minimal"])
            _ = try eventually("mmdebstrap is at work") { first.errors.contains("apt-get update") ? true : nil }
            let second = try host.rootfs("build", "minimal")
            #expect(second.status == 1)
            #expect(
                second.errors.contains("being made or removed already, by process \(first.pid)"), "\(second.errors)")
            let built = try first.wait(seconds: 600)
            #expect(built.status == 0, "\(built.errors)")
            #expect(built.errors.contains("installing essential packages"))
            #expect(!built.errors.contains("dpkg: "))
            let row = try host.row("minimal")
            #expect((row.kind, row.state) == ("build", "ready"))
            #expect((row.size ?? 0) > 50 << 20)
            #expect(row.suite?.isEmpty == false)
            #expect(FileTree.names(in: "\(host.images)/minimal") == ["1", "current", "lock"])

            let result = try host.run(
                "minimal",
                "stat -c %u:%g / /usr/bin/passwd; perl -e 'print 6*7, \"\\n\"'; id -un; apt-get --version | head -c 3; "
                    + "(su -c id || /usr/bin/passwd -d root) >/dev/null 2>&1 || echo; touch /usr/x 2>/dev/null || echo refused"
            )
            #expect(result.output == "0:0\n0:0\n42\nscript\napt\nrefused\n")

            // Interrupted in the middle: the image stays, and nothing else.
            let third = try host.start(["build", "minimal"])
            _ = try eventually("mmdebstrap downloads") { third.errors.contains("downloading packages") ? true : nil }
            third.signal(SIGINT)
            let interrupted = try third.wait()
            #expect(interrupted.status == 130)
            #expect(interrupted.errors.contains("interrupted; nothing was changed"))
            #expect(FileTree.names(in: "\(host.images)/minimal") == ["1", "current", "lock"])
            try noTraces(of: host)

            // Killed: what it left behind is harmless, and goes with the next one.
            let fourth = try host.start(["build", "minimal"])
            _ = try eventually("mmdebstrap is at work") { fourth.errors.contains("apt-get update") ? true : nil }
            fourth.signal(SIGKILL)
            _ = try fourth.wait()
            _ = try eventually("its processes are gone") { try? noProcesses(of: host) }
            #expect(try host.row("minimal").state == "ready")
            try host.root.write("etc/rootfs/minimal.yaml", "build: {packages: [there-is-no-such-package]}\n")
            #expect(try host.row("minimal").state == "changed")
            let failed = try host.rootfs("build", "minimal")
            #expect(failed.status == 1)
            #expect(failed.errors.contains("mmdebstrap failed with status"))
            #expect(failed.errors.contains("there-is-no-such-package"), "\(failed.errors)")
            #expect(FileTree.names(in: "\(host.images)/minimal") == ["1", "current", "lock"])
            #expect(try host.run("minimal", "cat /etc/debian_version").status == 0)
            try noTraces(of: host)

            #expect(try host.rootfs("remove", "minimal").status == 0)
            #expect(FileTree.names(in: host.images) == [])
        }

        private func noTraces(of host: ImageHost) throws {
            try noProcesses(of: host)
            let mounts = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
            #expect(!mounts.contains(host.root.path))
        }

        /// - Throws: when a process has something of the host as its root or its working directory, or in its arguments.
        private func noProcesses(of host: ImageHost) throws {
            for pid in HostProcess.all() where pid != getpid() {
                for link in ["root", "cwd", "exe"] {
                    let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/\(link)")
                    if target?.hasPrefix(host.root.path) == true { throw TestFailure("process \(pid) in \(target!)") }
                }
                let line = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
                if line.contains(host.images) { throw TestFailure("process \(pid): \(line)") }
            }
        }
    }
}
