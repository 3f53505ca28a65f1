import FoundationEssentials
import Glibc
import Testing
import Wire

extension Host {
    /// `altp enter` without a terminal, to its end.
    @discardableResult
    func enter(_ reference: String, _ options: [String] = [], _ command: String...) throws -> ChildProcess.Ended {
        try startEntering(reference, options, command).wait()
    }

    /// A line for the sandbox's shell, and what it prints; a failure of it is one of the test.
    @discardableResult
    func inside(_ reference: String, _ line: String) throws -> String { try inside(reference, [], line) }

    @discardableResult
    func inside(_ reference: String, _ options: [String], _ line: String) throws -> String {
        let ended = try enter(reference, options, "sh", "-c", line)
        guard ended.status == 0 else {
            throw TestFailure("in \(reference): \(line): status \(ended.status): \(ended.output)\(ended.errors)")
        }
        return ended.output
    }

    func startEntering(_ reference: String, _ options: [String] = [], _ command: [String]) throws -> ChildProcess {
        try ChildProcess(
            [try Installation.path(of: "altp"), "enter", reference] + options + ["--"] + command,
            environment: ["ALTP_SOCKET": socket])
    }

    /// What those who stay inside sleep for.
    static let marker = "1000.\(getpid())"

    /// Somebody who stays inside until the process is ended. Returns once they are.
    func stayInside(_ reference: String, _ options: [String] = []) throws -> ChildProcess {
        let child = try startEntering(reference, options, ["sh", "-c", "echo inside; exec sleep \(Self.marker)"])
        _ = try eventually("somebody is inside of \(reference)") {
            guard child.isRunning else {
                throw TestFailure("entering \(reference): \(try child.wait().errors)")
            }
            return child.output == "inside\n" ? true : nil
        }
        return child
    }

    func attempt(_ id: Int64, _ name: String = "work.1") -> String { "\(state)/processings/\(id)/\(name)" }

    /// What the Script printed.
    func log(of id: Int64, _ name: String = "work.1") throws -> String {
        try String(contentsOfFile: "\(attempt(id, name))/log", encoding: .utf8)
    }

    /// Attempts here have a disk of their own, instead of a quota.
    func usesImages(_ id: Int64) -> Bool { access("\(attempt(id))/disk", F_OK) == 0 }

    /// Loop devices whose image is this host's.
    func loopDevices() -> [String] {
        FileTree.names(in: "/sys/block").filter { name in
            (try? String(contentsOfFile: "/sys/block/\(name)/loop/backing_file", encoding: .utf8))?
                .hasPrefix(root.path) ?? false
        }
    }

    /// Processes that make, hold or join sandboxes for the Launcher: its children, and those of its fork server.
    func helpers() -> [pid_t] {
        let children = HostProcess.all().filter { HostProcess.parent(of: $0) == pid }
        let servers = children.filter(HostProcess.isForkServer)
        let sandboxes = HostProcess.all().filter { child in servers.contains { $0 == HostProcess.parent(of: child) } }
        return children.filter { !servers.contains($0) } + sandboxes
    }

    /// Rows of the Launcher's record of entries.
    func entries() throws -> [EnteredRow] {
        let program = """
            import json, sqlite3, sys
            db = sqlite3.connect(sys.argv[1])
            db.row_factory = sqlite3.Row
            print(json.dumps([dict(row) for row in db.execute("SELECT * FROM entry ORDER BY id")]))
            """
        let ended = try execute(["python3", "-c", program, "\(state)/altp.db"])
        guard ended.status == 0 else { throw TestFailure("reading the entries: \(ended.errors)") }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode([EnteredRow].self, from: Data(ended.output.utf8))
    }
}

struct EnteredRow: Decodable {
    var processing: Int64
    var script: String
    var number: Int
    var who: String
    var command: String?
    var relaxed: String
    var snapshot: Int
    var startedAt: Int64
    var endedAt: Int64?
    var ending: String?
}

/// Tasks whose sandboxes are entered.
enum EnteredTasks {
    /// What a process sees of its surroundings, but for numbers that differ from process to process.
    static let portrait = """
        #!/bin/sh
        id; pwd; umask; ulimit -a; hostname
        env | sort | grep -vE '^(PATH|_|OLDPWD|HISTFILE)='
        grep -E '^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Seccomp_filters):' /proc/self/status
        cut -d' ' -f4- /proc/self/mountinfo | sed 's/ master:[0-9]*//; s/ shared:[0-9]*//' \
            | grep -vE ' /(debug|run/altp-session) '
        stat -c '%A %u:%g %t:%T %n' /* /etc/* /dev/* /scripts/*
        cat /etc/passwd /etc/hosts /etc/resolv.conf

        """

    static let files = [
        "policies/small.yaml": "limits: {cpu: 0.5, memory: 128M, pids: 24, wall_time: 10m, grace: 1s}\n",
        "policies/disk.yaml": "limits: {cpu: 0.5, memory: 128M, disk: 20M, wall_time: 10m, grace: 1s}\n",
        "tasks/failing.yaml": """
        policy: small
        scripts:
          - name: work
            run: [sh, -c, 'portrait.sh; echo evidence > file; echo shared > /processing/shared; exit 3', "a 'b", "c d"]
        """,
        "tasks/failing/portrait.sh": portrait,
        "tasks/running.yaml": """
        policy: small
        scripts:
          - name: work
            run: |
              portrait.sh
              namespaces.sh > namespaces
              exec sleep 1000
        """,
        "tasks/running/portrait.sh": portrait,
        "tasks/running/namespaces.sh": "#!/bin/sh\ncd /proc/self/ns; for name in *; do readlink $name; done\n",
        "tasks/disk.yaml": """
        policy: disk
        scripts:
          - {name: work, run: 'echo evidence > file; echo shared > /processing/shared; exit 3'}
        """,
    ]
}

extension Host {
    /// A Processing whose Script `running` has begun.
    func begun() throws -> Int64 {
        let id = try trigger("running")
        _ = try eventually("the Script has begun") {
            let text = (try? String(contentsOfFile: "\(attempt(id))/scratch/namespaces", encoding: .utf8)) ?? ""
            return text.contains("uts:") ? true : nil
        }
        return id
    }

    /// One that `running` has begun, or that has failed.
    func begunOrFailed(_ task: String) throws -> Int64 { task == "running" ? try begun() : try failed(task) }

    /// A Processing that has failed.
    func failed(_ task: String) throws -> Int64 {
        let processing = try complete(task)
        guard processing.status == "failed" else { throw TestFailure("\(task) ended as \(processing.status)") }
        return processing.id
    }
}
