import FoundationEssentials
import Glibc
import Testing

extension EndToEnd {
    /// Sandboxes whose root is a directory; an image's differs only in where it comes from.
    @Suite struct OverlayTests {
        private static let firstUID: UInt32 = 1_879_048_192

        private func withTree(_ body: (ImageHost, SmallTree) throws -> Void) throws {
            let host = try ImageHost()
            defer { host.remove() }
            let tree = try SmallTree(at: "\(host.root.path)/tree")
            try host.root.write("etc/rootfs/small.yaml", "directory: \(tree.path)\n")
            try body(host, tree)
        }

        @Test func whatIsWrittenIsTheAttemptsAndTheImageStaysAsItIs() throws {
            try withTree { host, tree in
                try tree.write("open/theirs", "of the image\n", owner: 1000)
                try tree.write("open/changed", "of the image\n", owner: 1000)
                let before = try tree.fingerprint()
                let marker = "41.\(getpid())"
                let result = try host.run(
                    "small",
                    "rm /open/theirs; echo more >>/open/changed; echo new >/var/tmp/new; cat /open/changed; ls /open; "
                        + "(echo x >/etc/origin) 2>/dev/null || echo refused; exec sleep \(marker)"
                ) { _ in
                    let pid = try #require(HostProcess.waitFor(commandLine: ["sleep", marker]))
                    defer { kill(pid, SIGKILL) }
                    let upper = "\(try host.attempt())/upper"
                    var status = stat()
                    for name in ["var/tmp/new", "open/changed"] {
                        #expect(lstat("\(upper)/\(name)", &status) == 0)
                        #expect(status.st_uid >= Self.firstUID && status.st_uid % 65_536 == 1000, "\(status.st_uid)")
                        #expect(status.st_gid == status.st_uid)
                    }
                    #expect(lstat("\(upper)/open/theirs", &status) == 0)
                    // A whiteout.
                    #expect(status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0)
                    // Nobody but root looks in.
                    #expect(lstat(try host.attempt(), &status) == 0 && status.st_mode & 0o777 == 0o700)
                }
                #expect(result.output == "of the image\nmore\nchanged\nrefused\n")
                #expect(try tree.fingerprint() == before)
                #expect(FileTree.names(in: host.root.path).filter { $0.hasPrefix("altp-run") } == [])
            }
        }

        @Test func whatIsWrittenCountsIntoTheDiskLimit() throws {
            try withTree { host, tree in
                try tree.write("open/theirs", "of the image\n", owner: 1000)
                let result = try host.run(
                    "small",
                    "echo more >>/open/theirs; cat /open/theirs; stat -c %u / /open; cat /dev/zero >/var/tmp/big || exit 3",
                    limits: "disk: 16M")
                #expect(result.output == "of the image\nmore\n0\n0\n")
                #expect(result.report.kind == "disk", "\(result.report.reason)")
                #expect(result.report.limit?.name == "disk")
                #expect(FileTree.names(in: host.root.path).filter { $0.hasPrefix("altp-run") } == [])
            }
        }

        @Test func filesHaveTheImagesOwners() throws {
            try withTree { host, tree in
                try tree.write("etc/of-33", "", owner: 33)
                try tree.write("etc/beyond", "", owner: 3_000_000)
                try tree.write("etc/secret", "s\n", mode: 0o600)
                let result = try host.run(
                    "small",
                    "stat -c %u:%g / /etc /bin/sh /etc/of-33 /etc/beyond /etc/passwd; cat /etc/secret 2>/dev/null || echo no"
                )
                #expect(
                    result.output.split(separator: "\n") == [
                        "0:0", "0:0", "0:0", "33:33", "65534:65534", "0:0", "no",
                    ])
            }
        }

        @Test func setUserIDsAndDevicesOfTheImageHaveNoEffect() throws {
            try withTree { host, tree in
                #expect(try execute(["cp", "\(tree.path)/bin/id", "\(tree.path)/bin/root-id"]).status == 0)
                chmod("\(tree.path)/bin/root-id", 0o6755)
                #expect(mknod("\(tree.path)/zero", S_IFCHR | 0o666, makedev(1, 5)) == 0)
                let result = try host.run(
                    "small",
                    "stat -c %a /bin/root-id; root-id -u; root-id -g; cat /zero 2>&1; echo x >/dev/null && echo ok")
                #expect(
                    result.output == "6755\n1000\n1000\ncat: /zero: Permission denied\nok\n")
            }
        }

        @Test func whatEverySandboxHasIsItsOwn() throws {
            try withTree { host, tree in
                for name in ["dev", "run", "sys", "scratch"] {
                    mkdir("\(tree.path)/\(name)", 0o777)
                    try tree.write("\(name)/of-the-image", "x", mode: 0o666)
                }
                try tree.write("etc/hosts", "192.0.2.1 of-the-image\n")
                #expect(symlink("/var/tmp/elsewhere", "\(tree.path)/etc/resolv.conf") == 0)
                let result = try host.run(
                    "small",
                    """
                    ls /dev/of-the-image /run/of-the-image /sys/of-the-image /scratch/of-the-image 2>/dev/null
                    cat /etc/passwd /etc/group; cat /etc/resolv.conf; id -un; cat /etc/origin
                    case $(cat /etc/hosts) in *of-the-image*) echo hosts of the image;; esac
                    """)
                #expect(
                    result.output == """
                        root:x:0:0:root:/root:/bin/sh
                        script:x:1000:1000:Script:/scratch:/bin/sh
                        root:x:0:
                        script:x:1000:
                        script
                        image

                        """)
            }
        }

        /// What an image has as links in the place of directories would lead pid 1, which is root, out of the sandbox.
        @Test(arguments: ["etc", "dev", "run", "proc", "sys", "tmp", "scratch"])
        func linksOfTheImageAreNotFollowed(_ name: String) throws {
            try withTree { host, tree in
                let outside = "\(host.root.path)/outside"
                mkdir(outside, 0o777)
                #expect(try execute(["rm", "-rf", "\(tree.path)/\(name)"]).status == 0)
                #expect(symlink("../../../../../../..\(outside)", "\(tree.path)/\(name)") == 0)
                let result = try host.run("small", "echo ran")
                #expect(result.report.kind == "setup")
                #expect(result.status == 125)
                #expect(result.output == "")
                #expect(FileTree.names(in: outside) == [])
            }
        }

        @Test func saysWhatIsMissing() throws {
            try withTree { host, tree in
                try host.root.write("etc/rootfs/gone.yaml", "directory: \(host.root.path)/nowhere\n")
                try host.root.write("etc/rootfs/later.yaml", "build: {}\n")
                try host.root.write("etc/rootfs/wrong.yaml", "buld: {}\n")
                for (name, message) in [
                    ("gone", "opening the rootfs directory: open \(host.root.path)/nowhere: No such file or directory"),
                    ("later", "altp rootfs build later"), ("wrong", "rootfs/wrong.yaml:1:1: unknown key \"buld\""),
                    ("none", "altp rootfs list shows what there is"),
                ] {
                    try host.root.write("p.yaml", "rootfs: \(name)\n")
                    let ended = try execute([
                        try Installation.path(of: "altp"), "run", "--config", "\(host.root.path)/etc", "--policy",
                        "\(host.root.path)/p.yaml", "--", "sh",
                    ])
                    #expect(ended.status == 125)
                    #expect(ended.errors.contains(message), "\(ended.errors)")
                }
            }
        }
    }
}

private func makedev(_ major: dev_t, _ minor: dev_t) -> dev_t { major << 8 | minor }
