import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    @Suite(.enabled(if: ImageTools.has("skopeo", "umoci"), "importing images needs skopeo and umoci"))
    struct ImportTests {
        /// An image in the OCI's layout, of a small tree that says which one it is.
        private func layout(_ host: ImageHost, _ origin: String = "image", at name: String = "layout") throws -> String
        {
            let tree = try SmallTree(at: "\(host.root.path)/tree-\(name)")
            try tree.write("etc/origin", "\(origin)\n")
            try tree.write("etc/of-33", "", owner: 33)
            let path = "\(host.root.path)/\(name)"
            for command in [
                ["umoci", "init", "--layout", path], ["umoci", "new", "--image", "\(path):t"],
                ["umoci", "insert", "--image", "\(path):t", tree.path, "/"],
                ["umoci", "insert", "--image", "\(path):t", "--whiteout", "/etc/group"],
                ["umoci", "config", "--image", "\(path):t", "--config.env", "A=b", "--config.workingdir", "/w"],
            ] {
                let ended = try execute(command)
                guard ended.status == 0 else { throw TestFailure("\(command): \(ended.errors)") }
            }
            return path
        }

        private func withHost(_ body: (ImageHost) throws -> Void) throws {
            let host = try ImageHost()
            defer { host.remove() }
            try body(host)
        }

        @Test func importsWhatOtherToolsWrote() throws {
            try withHost { host in
                let layout = try layout(host)
                let archive = "\(host.root.path)/archive.tar"
                let copied = try execute([
                    "skopeo", "--insecure-policy", "copy", "oci:\(layout):t", "docker-archive:\(archive):small:1",
                ])
                #expect(copied.status == 0, "\(copied.errors)")
                for (name, image) in [("a", "oci:\(layout):t"), ("b", "docker-archive:\(archive):small:1")] {
                    let ended = try host.rootfs("import", name, image)
                    #expect(ended.status == 0, "\(ended.errors)")
                    #expect(ended.errors.contains("unpacking it with umoci"))
                    let row = try host.row(name)
                    #expect((row.kind, row.state, row.source) == ("import", "ready", image))
                    #expect(row.environment == ["A=b"])
                    #expect(row.workingDirectory == "/w")
                    #expect((row.size ?? 0) > 1 << 20)
                    #expect(row.madeAt != nil)
                    #expect(FileTree.names(in: "\(host.images)/\(name)") == ["1", "current", "lock"])
                    let result = try host.run(name, "cat /etc/origin; stat -c %u /etc/of-33; cat /etc/group")
                    #expect(result.output == "image\n33\nroot:x:0:\nscript:x:1000:\n")
                }
                // Once more from the definition that the first import wrote.
                #expect(try host.rootfs("import", "a").status == 0)
                #expect(FileTree.names(in: "\(host.images)/a") == ["2", "current", "lock"])
                let other = try host.rootfs("import", "a", "oci:\(layout):other")
                #expect(other.status == 1)
                #expect(other.errors.contains("rootfs/a.yaml has `import: oci:\(layout):t`"))
                try host.root.write("etc/rootfs/a.yaml", "import: \"oci:\(layout):new\"\n")
                #expect(try host.row("a").state == "changed")
                try host.root.write("etc/rootfs/a.yaml", "directory: /usr\n")
                #expect(try host.rootfs("import", "a", "oci:\(layout):t").errors.contains("has no `import`"))
            }
        }

        @Test func aFailedImportLeavesNothing() throws {
            try withHost { host in
                try host.root.write("junk.tar", "this is no archive")
                for image in ["docker-archive:\(host.root.path)/junk.tar", "oci:\(host.root.path)/etc:x"] {
                    let ended = try host.rootfs("import", "x", image)
                    #expect(ended.status == 1)
                    #expect(ended.errors.contains("skopeo failed with status 1; the end of what it printed:"))
                    #expect(FileTree.names(in: host.images) == [])
                    #expect(FileTree.names(in: "\(host.root.path)/etc") == ["altp.yaml"])
                }
                let missing = try host.rootfs("import", "x", "oci:/nowhere")
                #expect(missing.errors.contains("No such file or directory"))
            }
        }

        /// A layer's entries, as Python's tarfile takes them, that try to get out of the directory.
        static let hostile: [(String, String)] = [
            ("dots", "add('../../../../../../../../OUT/dots', b'x')"), ("absolute", "add('/OUT/absolute', b'x')"),
            ("link", "add('l', type=tarfile.SYMTYPE, linkname='/OUT'); add('l/link', b'x')"),
            ("uplink", "add('l', type=tarfile.SYMTYPE, linkname='../../../../../../OUT'); add('l/uplink', b'x')"),
            ("rootlink", "add('.', type=tarfile.SYMTYPE, linkname='/OUT'); add('rootlink', b'x')"),
            ("hard", "add('h', type=tarfile.LNKTYPE, linkname='../../../../../../../../OUT/victim'); add('h', b'x')"),
            (
                "hardlink",
                "add('l', type=tarfile.SYMTYPE, linkname='/OUT'); add('h', type=tarfile.LNKTYPE, linkname='l/victim')"
            ),
            ("whiteout", "add('../../../../../../../../OUT/.wh.victim')"),
            ("whiteout-link", "add('l', type=tarfile.SYMTYPE, linkname='/OUT'); add('l/.wh.victim')"),
            ("opaque-link", "add('l', type=tarfile.SYMTYPE, linkname='/OUT'); add('l/.wh..wh..opq')"),
            ("mode", "add('l', type=tarfile.SYMTYPE, linkname='/OUT'); add('l', type=tarfile.DIRTYPE, mode=0o777)"),
        ]

        @Test(arguments: hostile)
        func aHostileArchiveStaysInItsDirectory(_ name: String, _ entries: String) throws {
            try withHost { host in
                let outside = "\(host.root.path)/outside"
                try host.root.write("outside/victim", "untouched", mode: 0o600)
                chmod(outside, 0o711)
                let program = """
                    import hashlib, io, json, sys, tarfile
                    buffer = io.BytesIO()
                    layer = tarfile.open(fileobj=buffer, mode='w')
                    def add(name, content=b'', **fields):
                        info = tarfile.TarInfo(name); info.size = len(content); info.mode = 0o644
                        for key, value in fields.items(): setattr(info, key, value)
                        layer.addfile(info, io.BytesIO(content))
                    \(entries.replacing("/OUT", with: outside).replacing("OUT", with: outside.dropFirst()))
                    layer.close(); data = buffer.getvalue()
                    config = {'architecture': 'amd64', 'os': 'linux', 'config': {}, 'rootfs': {'type': 'layers',
                        'diff_ids': ['sha256:' + hashlib.sha256(data).hexdigest()]}}
                    manifest = [{'Config': 'config.json', 'RepoTags': ['h:1'], 'Layers': ['layer.tar']}]
                    archive = tarfile.open(sys.argv[1], 'w')
                    for name, content in [('config.json', json.dumps(config).encode()), ('layer.tar', data),
                            ('manifest.json', json.dumps(manifest).encode())]:
                        info = tarfile.TarInfo(name); info.size = len(content)
                        archive.addfile(info, io.BytesIO(content))
                    archive.close()
                    """
                let archive = "\(host.root.path)/hostile.tar"
                let made = try execute(["python3", "-c", program, archive])
                #expect(made.status == 0, "\(made.errors)")
                let ended = try host.rootfs("import", "hostile", "docker-archive:\(archive)")
                // Some are refused, others unpacked within the directory: the archive was read in each case.
                #expect(ended.errors.contains("unpacking it with umoci"), "\(ended.errors)")
                #expect(FileTree.names(in: outside) == ["victim"])
                #expect(try host.root.read("outside/victim") == "untouched")
                var status = stat()
                #expect(lstat("\(outside)/victim", &status) == 0)
                #expect((status.st_mode & 0o7777, status.st_nlink) == (0o600, 1))
                #expect(lstat(outside, &status) == 0 && status.st_mode & 0o7777 == 0o711)
                if ended.status != 0 { #expect(FileTree.names(in: host.images) == []) }
                // The draft's folder is gone, also where the archive tried to make a link of it.
                #expect(!FileTree.paths(below: host.images).contains { $0.hasSuffix("/draft") })
            }
        }

        @Test func isNotRemovedWhileASandboxOrAPolicyNeedsIt() throws {
            try withHost { host in
                let image = "oci:\(try layout(host)):t"
                #expect(try host.rootfs("import", "small", image).status == 0)
                let marker = "42.\(getpid())"
                let result = try host.run("small", "sleep \(marker); cat /etc/origin") { _ in
                    let pid = try #require(HostProcess.waitFor(commandLine: ["sleep", marker]))
                    defer { kill(pid, SIGKILL) }
                    let refused = try host.rootfs("remove", "small")
                    #expect(refused.status == 1)
                    #expect(refused.errors.contains("is in use by run/"), "\(refused.errors)")
                    #expect(try host.rootfs("remove", "small", "--force").status == 1)
                    // A new version takes its place meanwhile; the sandbox keeps the one it has.
                    try host.root.write(
                        "etc/rootfs/small.yaml", "import: \"oci:\(try layout(host, "newer", at: "newer")):t\"\n")
                    #expect(try host.rootfs("import", "small").status == 0)
                    #expect(try host.row("small").formerVersions == 1)
                }
                #expect(result.output == "image\n")
                #expect(try host.run("small", "cat /etc/origin").output == "newer\n")
                #expect(try host.rootfs("import", "small").status == 0)
                #expect(FileTree.names(in: "\(host.images)/small") == ["3", "current", "lock"])

                try host.root.write("etc/policies/p.yaml", "rootfs: small\n")
                let named = try host.rootfs("remove", "small")
                #expect(named.status == 1)
                #expect(named.errors.contains("the policy p of"))
                #expect(try host.rootfs("remove", "small", "--force").output == "removed the image of small\n")
                #expect(FileTree.names(in: host.images) == [])
                #expect(try host.row("small").state == "missing")
                #expect(try host.rootfs("remove", "small", "--force").errors.contains("there is no image of small"))
            }
        }

        @Test func aChainRunsInAnImage() throws {
            try withHost { tools in
                let layout = try layout(tools)
                let host = try Host([
                    "rootfs/small.yaml": "import: \"oci:\(layout):t\"\n",
                    "policies/image.yaml":
                        "rootfs: small\nlimits: {cpu: 0.5, memory: 128M, wall_time: 2m, grace: 1s}\n",
                    "tasks/chain.yaml": """
                    policy: image
                    scripts:
                      - {name: first, run: 'cat /etc/origin; id -un; echo handed on >/processing/x; echo mine >/var/tmp/x'}
                      - {name: second, run: 'cat /processing/x; cat /var/tmp/x || echo not mine'}
                    """,
                ])
                defer { host.close() }
                // Without its image the Launcher says what to do.
                let refused = try execute([Installation.path(of: "altp"), "serve", "--config", host.configuration])
                #expect(refused.status != 0)
                #expect(refused.errors.contains("altp rootfs import small"), "\(refused.errors)")
                try host.altp("rootfs", "import", "small", "--config", host.configuration)
                try host.start()
                let done = try host.complete("chain")
                #expect(done.status == "success")
                #expect(try host.altp("logs", "\(done.id)/first") == "image\nscript\n")
                #expect(try host.altp("logs", "\(done.id)/second").hasPrefix("handed on\n"))
                #expect(try host.altp("logs", "\(done.id)/second").hasSuffix("not mine\n"))
                // What the Script left in its root is with its attempt.
                #expect(FileTree.text(of: "x", below: "\(host.state)/processings/\(done.id)/first.1/upper") == "mine\n")
                try host.end(SIGQUIT)
                #expect(host.leftovers() == [])
            }
        }
    }
}
