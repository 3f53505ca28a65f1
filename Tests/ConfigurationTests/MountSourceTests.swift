import Configuration
import FoundationEssentials
import Glibc
import Testing

@Suite struct MountSourceTests {
    /// What loading a folder says of a policy that mounts this source.
    private func problems(_ source: String, host: String = "") throws -> [String] {
        let folder = try TestFolder([
            "altp.yaml": host, "policies/p.yaml": "mounts:\n  - {source: \(source), target: /archive}\n",
        ])
        return HostFolder.loadLeniently(folder.path).problems.map(\.description)
    }

    @Test func refusesALinkAnywhereInThePath() throws {
        let folder = try TestFolder(["real/deep/x": ""])
        try #require(symlink("\(folder.path)/real", "\(folder.path)/linked") == 0)
        for path in ["\(folder.path)/linked", "\(folder.path)/linked/deep"] {
            let leads = path.replacing("linked", with: "real")
            #expect(
                try problems(path) == [
                    "policies/p.yaml:2:14: source: \(path) is reached through the symbolic link \(folder.path)/linked, and no "
                        + "link is followed; it leads to \(leads)"
                ])
        }
        #expect(try problems("\(folder.path)/real/deep") == [])
        #expect(try problems("\(folder.path)/real/deep/x") == [])
    }

    @Test func refusesWhatLiesOutsideOfTheRoots() throws {
        let folder = try TestFolder(["inside/x": "", "inside-not/x": ""])
        let roots = "mount_roots: [/srv, \(folder.path)/inside]\n"
        #expect(try problems("\(folder.path)/inside", host: roots) == [])
        #expect(try problems("\(folder.path)/inside/x", host: roots) == [])
        #expect(
            try problems("\(folder.path)/inside-not", host: roots) == [
                "policies/p.yaml:2:14: source: \(folder.path)/inside-not lies outside of altp.yaml's mount_roots, which are "
                    + "/srv, \(folder.path)/inside"
            ])
        #expect(try problems("/usr", host: "mount_roots: [/]\n") == [])
    }

    @Test(arguments: ["/", "/sys", "/dev/shm", "/run", "/run/altp-run/x"])
    func neverHandsInTheKernelsPlaces(_ source: String) throws {
        let problems = try problems(source, host: "mount_roots: [/]\n")
        #expect(problems.count == 1 && problems[0].contains("never handed to a sandbox"), "\(problems)")
    }

    @Test func keepsTheLaunchersFoldersOut() throws {
        let folder = try TestFolder(["state/x": "", "run/x": ""])
        let host = "state: \(folder.path)/state\nrun: \(folder.path)/run\n"
        for source in ["state", "state/x", "run"] {
            let problems = try problems("\(folder.path)/\(source)", host: host)
            #expect(problems.count == 1 && problems[0].contains("a folder of the Launcher's own"), "\(problems)")
        }
        #expect(try problems(folder.path, host: host).count == 1)
    }

    @Test(arguments: [
        ("CAP_CHOWN", "CAP_CHOWN"), ("cap_net_bind_service", "CAP_NET_BIND_SERVICE"), ("Sys_Admin", "CAP_SYS_ADMIN"),
    ])
    func readsCapabilities(_ name: String, _ shown: String) { #expect(Capability(name: name)?.description == shown) }

    @Test(arguments: ["", "CAP_", "0", "CAP_0", "CAP_CHOWN ", "CAP_CHOWN+ep", "all", "CAP_CAP_CHOWN"])
    func takesNothingElseForACapability(_ name: String) { #expect(Capability(name: name) == nil) }
}
