import Glibc
import Testing
import Wire

/// A folder of the host, away from the state folder, in which Scripts leave a line each: what ran twice is there twice.
struct Tally {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("lines", "")
        let user = try #require(getpwnam("nobody")).pointee
        for path in [folder.path, "\(folder.path)/lines"] { chown(path, user.pw_uid, user.pw_gid) }
        chmod(folder.path, 0o755)
    }

    /// Lets Scripts that wait for it go on.
    func open() throws { try folder.write("open", "") }

    func lines() throws -> [String] { try folder.read("lines").split(separator: "\n").map(String.init).sorted() }

    /// The files of a host with a chain that waits in its middle, and a Task that takes Events.
    func files(retry: String = "") -> [String: String] {
        [
            "policies/count.yaml": """
            limits: {cpu: 0.2, memory: 64M, wall_time: 5m, grace: 1s, log: 64K}
            mounts: [{source: \(folder.path), target: /count, mode: rw, owner: nobody}]
            """,
            "tasks/job.yaml": """
            policy: count
            scripts:
              - name: work
                run: |
                  echo "$ALTP_PROCESSING begins" >> /count/lines
                  while [ ! -e /count/open ]; do sleep 0.1; done
                  echo "$ALTP_PROCESSING ends" >> /count/lines
                \(retry)
              - {name: after, run: 'echo "$ALTP_PROCESSING after" >> /count/lines'}
            """,
            "tasks/find.yaml": """
            on_event: find
            params: {blob: {type: string, default: ""}}
            policy: count
            scripts: [{name: take, run: 'echo "$ALTP_PROCESSING taken" >> /count/lines'}]
            """,
        ]
    }

    /// Processings of `job` whose first Script runs.
    func start(_ count: Int, on host: Host) throws -> [Int64] {
        let ids = try (0..<count).map { _ in try host.trigger("job") }
        _ = try eventually("the Scripts run") {
            try lines().filter { $0.hasSuffix("begins") }.count >= count ? true : nil
        }
        return ids
    }

    static func whole(_ ids: [Int64]) -> [String] {
        ids.flatMap { ["\($0) begins", "\($0) ends", "\($0) after"] }.sorted()
    }
}

/// Events that are sent while something is wrong: each is acknowledged or refused, and nothing in between.
struct SentEvents {
    private(set) var acknowledged: [String: Int64] = [:]
    private(set) var refused: [String: String] = [:]

    /// Sends Events with this many bytes each until one is refused.
    mutating func sendUntilRefused(_ host: Host, prefix: String, bytes: Int, most: Int) throws {
        for number in 0..<most {
            let key = "\(prefix)-\(number)"
            let ended = try host.run(
                "event", "send", "find", "--id", key, "-o", "json", "--param",
                "blob=\(String(repeating: "x", count: bytes))")
            guard ended.status == 0 else {
                #expect(ended.status == 1, "a refusal is no crash: \(ended.errors)")
                refused[key] = ended.errors
                return
            }
            let receipt = try WireJSON.decode(EventReceiptView.self, from: Array(ended.output.utf8))
            #expect(receipt.caused.count == 1)
            acknowledged[key] = receipt.caused.first
        }
    }

    /// Sends one, whatever comes of it; one that got no answer may have been taken, and counts neither way.
    mutating func send(_ host: Host, _ key: String, bytes: Int) throws {
        let ended = try host.run(
            "event", "send", "find", "--id", key, "-o", "json", "--param",
            "blob=\(String(repeating: "x", count: bytes))")
        guard ended.status == 0 else { return }
        acknowledged[key] = try WireJSON.decode(EventReceiptView.self, from: Array(ended.output.utf8)).caused
            .first
    }

    /// What was acknowledged is there, once; what was refused was not taken, and can be sent again.
    func check(_ host: Host, _ tally: Tally) throws {
        for (key, id) in acknowledged {
            #expect(try host.ended(id).status == "success", "\(key)")
            let again = try host.send("find", key)
            #expect(again.duplicate && again.caused == [id], "\(key)")
        }
        var late: [Int64] = []
        for key in refused.keys.sorted() {
            let receipt = try host.send("find", key)
            #expect(!receipt.duplicate && receipt.caused.count == 1, "\(key)")
            late += receipt.caused
        }
        for id in late { #expect(try host.ended(id).status == "success") }
        let expected = (Array(acknowledged.values) + late).map { "\($0) taken" }.sorted()
        // More than these only for one whose answer was lost.
        let taken = try tally.lines().filter { $0.hasSuffix("taken") }
        #expect(Set(taken).count == taken.count && Set(taken).isSuperset(of: expected))
        if !refused.isEmpty { #expect(taken == expected) }
    }
}

extension EventReceiptView {
    /// The Processings that the Event caused.
    var caused: [Int64] { event.processings ?? [] }
}
