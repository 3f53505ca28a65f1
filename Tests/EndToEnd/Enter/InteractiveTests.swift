import Glibc
import Testing
import Wire

extension EndToEnd {
    /// A shell in the sandbox, as a person has it.
    @Suite struct InteractiveTests {
        private func play(_ host: Host, _ arguments: [String], _ steps: String) throws -> String {
            try Person.play(
                [try Installation.path(of: "altp"), "enter"] + arguments, steps,
                environment: ["ALTP_SOCKET": host.socket])
        }

        @Test func itSaysWhereOneIsAndWhatCanBeDone() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let seen = try play(
                    host, ["\(id)"],
                    """
                    expect('[\(id)/work#1] ')
                    type('echo bash=$BASH_VERSION; tty; stty size; echo $TERM; pwd\\n')
                    expect('/scratch\\n'.replace('\\n', '\\r\\n'))
                    type('exit 7\\n')
                    """)
                // The Script's own command, and how it ended.
                #expect(seen.contains("portrait.sh; echo evidence > file"))
                #expect(seen.contains("rerun-script"))
                #expect(seen.contains("exit status 3"))
                #expect(seen.contains("bash=5") && seen.contains("/dev/pts/0\n33 101\nvt220\n/scratch\n"))
                #expect(seen.contains("altp rerun \(id) --from work"))
                #expect(seen.hasSuffix("status 7, modes as before\n"), "\(seen)")
            }
        }

        @Test func jobsAndInterruptionsAreTheShells() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.begun()
                let seen = try play(
                    host, ["\(id)"],
                    """
                    expect(']')
                    type("sh -c 'echo work''ing; read x; echo got $x'\\n")
                    expect('working')
                    type('\\x1a')
                    expect('Stopped')
                    type('fg\\n')
                    expect('read x')
                    type('it\\n')
                    expect('got it')
                    type("sh -c 'echo wait''ing; exec sleep 1000'\\n")
                    expect('waiting')
                    type('\\x03')
                    expect(']')
                    type('echo st=$?; exit 5\\n')
                    expect('st=130')
                    """)
                #expect(seen.hasSuffix("status 5, modes as before\n"), "\(seen)")
                // Neither was meant for the Script.
                #expect(try host.processing(id).status == "running")
                try host.altp("cancel", "\(id)")
                try host.ended(id)
            }
        }

        @Test func thePromptSaysWhatIsRelaxedOrThrownAway() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let prompt = "[\(id)/work#1 (snapshot; relaxed: seccomp, limits)] "
                let seen = try play(
                    host, ["\(id)", "--snapshot", "--relax", "limits,seccomp"],
                    "expect('\(prompt)')\ntype('rm file; exit\\n')")
                #expect(seen.hasSuffix("status 0, modes as before\n"), "\(seen)")
                #expect(try host.inside("\(id)", "cat file") == "evidence\n")
            }
        }

        /// What a Script leaves where a shell looks when it starts is its word, and not believed.
        @Test func noFileOfTheScriptsSpeaksInTheShell() throws {
            var files = EnteredTasks.files
            files["tasks/planting.yaml"] = """
                policy: small
                env: {BASH_ENV: /scratch/.bashrc, ENV: /scratch/.bashrc}
                scripts:
                  - name: work
                    run: |
                      for file in .bashrc .bash_profile .profile .bash_login; do echo 'PS1="fa""ke "; echo plan""ted' > $file; done
                      echo '"e": "x"' > .inputrc
                      exit 3
                """
            try withHost(files) { host in
                let id = try host.failed("planting")
                let seen = try play(
                    host, ["\(id)"], "expect('[\(id)/work#1] ')\ntype('ls -a; true; exit\\n')")
                #expect(!seen.contains("planted") && !seen.contains("fake"))
                #expect(seen.contains("true; exit\n"))
                #expect(!seen.contains(".bash_history"))
                #expect(try host.inside("\(id)", "ls -a").contains(".bash_history") == false)
            }
        }

        @Test func aRootWithoutBashHasSh() throws {
            let folder = try TemporaryFolder()
            defer { folder.remove() }
            let tree = try SmallTree(at: "\(folder.path)/tree")
            try withHost([
                "rootfs/tiny.yaml": "directory: \(tree.path)\n",
                "policies/tiny.yaml": "rootfs: tiny\nlimits: {memory: 128M, wall_time: 10m, grace: 1s}\n",
                "tasks/tiny.yaml": "policy: tiny\nscripts: [{name: work, run: 'exit 3'}]\n",
            ]) { host in
                let id = try host.failed("tiny")
                let seen = try play(
                    host, ["\(id)"], "expect('[\(id)/work#1] /scratch $ ')\ntype('cat /etc/origin; exit 4\\n')")
                #expect(seen.contains("image\n"))
                #expect(seen.hasSuffix("status 4, modes as before\n"), "\(seen)")
            }
        }

        @Test func aLostLauncherGivesTheTerminalBack() throws {
            try withHost(EnteredTasks.files) { host in
                let id = try host.failed("failing")
                let pid = try #require(host.pid)
                let seen = try play(
                    host, ["\(id)"],
                    "expect('[\(id)/work#1] ')\ntype('stty raw -echo; cat\\n')\nos.kill(\(pid), signal.SIGKILL)")
                #expect(seen.hasSuffix("status 125, modes as before\n"), "\(seen)")
                try host.end(SIGKILL)
                try host.start()
            }
        }
    }
}
