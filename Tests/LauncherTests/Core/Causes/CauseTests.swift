import Configuration
import Sandbox
import Testing

@testable import Launcher

@Suite struct CauseTests {
    private func cause(
        _ kind: OutcomeKind = .hard, _ log: [String] = [], status: Int? = 1, signal: Int? = nil,
        reason: String = "exit status 1", limit: String? = nil, denied: [DeniedCall] = [], isOwnWord: Bool = false,
        script: String = "load"
    ) -> Cause? {
        Cause(
            task: "scene", script: script,
            outcome: Outcome(
                kind: kind, exitStatus: status, signal: signal,
                limit: limit.map { LimitEvidence(name: $0, limit: 10, peak: 11) }, reason: reason, deniedCalls: denied,
                endedAt: 5), isOwnWord: isOwnWord, log: log)
    }

    private func pattern(_ text: String) -> String {
        cause(.hard, LogEnd.lines(text.utf8, isWhole: true))?.pattern ?? ""
    }

    /// Two ends of real logs that are one cause, and what they have in common.
    private static let alike: [(name: String, first: String, second: String, pattern: String)] = [
        (
            "Python, paths and ids",
            """
            start 2026-11-24 12:30:01
            Traceback (most recent call last):
              File "/scripts/load.py", line 40, in <module>
                main(sys.argv[1])
              File "/scripts/load.py", line 22, in main
                band = rows["LC81940272024175LGN00"]
                       ~~~~^^^^^^^^^^^^^^^^^^^^^^^^^
            KeyError: 'LC81940272024175LGN00'
            """,
            """
            start 2026-11-25 08:02:44
            some other line
            Traceback (most recent call last):
              File "/scripts/load.py", line 43, in <module>
                main(sys.argv[1])
              File "/scripts/load.py", line 25, in main
                band = rows["LC80150332024012LGN01"]
            KeyError: 'LC80150332024012LGN01'
            """, "exit status 1: File \"/scripts/load.py\", in main | KeyError: '<q>'"
        ),
        (
            "Python, a chain of errors",
            """
            Traceback (most recent call last):
              File "/usr/lib/python3/dist-packages/urllib3/connection.py", line 174, in _new_conn
                conn = connection.create_connection(
            ConnectionRefusedError: [Errno 111] Connection refused

            During handling of the above exception, another exception occurred:

            Traceback (most recent call last):
              File "/scripts/fetch.py", line 9, in fetch
                r = session.get(url)
            requests.exceptions.ConnectionError: HTTPSConnectionPool(host='landsat.example', port=443): Max retries \
            exceeded with url: /scene/LC81 (Caused by NewConnectionError('<urllib3.HTTPSConnection object at 0x7f10>'))
            """,
            """
            Traceback (most recent call last):
              File "/scripts/fetch.py", line 9, in fetch
                r = session.get(url)
            requests.exceptions.ConnectionError: HTTPSConnectionPool(host='mirror.example', port=443): Max retries \
            exceeded with url: /scene/LC99 (Caused by NewConnectionError('<urllib3.HTTPSConnection object at 0x7fb2>'))
            """,
            "exit status 1: File \"/scripts/fetch.py\", in fetch | requests.exceptions.ConnectionError: "
                + "HTTPSConnectionPool(host='<q>', port=<n>): Max retries exceeded with url: /scene/<p> (Caused by "
                + "NewConnectionError('<q>'))"
        ),
        (
            "GDAL",
            """
            calibrated band 2 (blue)
            calibrated band 3 (green)
            ERROR 1: /processing/LC81940272024175LGN00_B4.TIF:Using code not yet in table
            """,
            """
            calibrated band 2 (blue)
            ERROR 1: /processing/LC80150332024012LGN00_B3.TIF:Using code not yet in table
            """, "exit status 1: ERROR 1: /processing/<p>.TIF:Using code not yet in table"
        ),
        (
            "GDAL, once for each file",
            """
            ERROR 4: /data/a1.tif: No such file or directory
            ERROR 4: /data/a2.tif: No such file or directory
            """, "ERROR 4: /data/z9.tif: No such file or directory",
            "exit status 1: ERROR 4: /data/<p>.tif: No such file or directory"
        ),
        (
            "curl", "curl: (28) Operation timed out after 30001 milliseconds with 0 out of 0 bytes received",
            "\r  0     0    0     0\rcurl: (28) Operation timed out after 30000 milliseconds with 12 out of 99 bytes received",
            "exit status 1: curl: (28) Operation timed out after <n> milliseconds with <n> out of <n> bytes received"
        ),
        (
            "a shell", "/bin/sh: 1: calibrate-v2.py: not found", "/bin/sh: 3: calibrate-v3.py: not found",
            "exit status 1: /bin/sh: <n>: calibrate-v<n>.py: not found"
        ),
        (
            "no word of an error", "step 3 of 9\nwrote 17 files", "step 4 of 9\nwrote 2 files",
            "exit status 1: wrote <n> files"
        ),
        (
            "Java",
            """
            Exception in thread "main" java.lang.OutOfMemoryError: Java heap space
            \tat org.example.Tile.read(Tile.java:120)
            """,
            """
            Exception in thread "worker-3" java.lang.OutOfMemoryError: Java heap space
            \tat org.example.Tile.read(Tile.java:133)
            """, "exit status 1: Exception in thread \"<q>\" java.lang.OutOfMemoryError: Java heap space"
        ),
    ]

    @Test(arguments: alike)
    func takesFailuresThatAreAlikeForOne(name: String, first: String, second: String, expected: String) {
        #expect(pattern(first) == expected, "\(name)")
        #expect(pattern(second) == expected, "\(name)")
    }

    /// No two of these are one.
    private static let different: [String] = [
        "curl: (6) Could not resolve host: landsat.example", "curl: (28) Operation timed out after 30001 milliseconds",
        "The requested URL returned error: 404", "The requested URL returned error: 503",
        "ModuleNotFoundError: No module named 'rasterio'", "ModuleNotFoundError: No module named 'numpy'",
        "Traceback (most recent call last):\n  File \"/scripts/a.py\", line 3, in read\n    x\nValueError: bad",
        "Traceback (most recent call last):\n  File \"/scripts/a.py\", line 3, in write\n    x\nValueError: bad",
        "Traceback (most recent call last):\n  File \"/scripts/a.py\", line 3, in read\n    x\nTypeError: bad",
        "cp: cannot open '/data/x1': Permission denied", "cp: cannot open '/data/x1': Input/output error", "",
    ]

    @Test func tellsApartWhatDiffers() {
        let fingerprints = Set(Self.different.map { cause(.hard, LogEnd.lines($0.utf8, isWhole: true))?.fingerprint })
        #expect(fingerprints.count == Self.different.count)
        #expect(cause(script: "load")?.fingerprint != cause(script: "mix")?.fingerprint)
        #expect(cause(status: 1)?.fingerprint != cause(status: 2)?.fingerprint)
        #expect(cause(.soft)?.fingerprint != cause(.hard)?.fingerprint)
    }

    @Test func whatTheKernelSaysIsTheCause() {
        let killed = DeniedCall(name: "ptrace", count: 3, killed: true)
        let refused = DeniedCall(name: "keyctl", count: 1, killed: false)
        let cases: [(Cause?, String)] = [
            (cause(.oom, ["reading tile 7"], limit: "memory"), "limit memory reached"),
            (cause(.oom, ["something else"], limit: "memory"), "limit memory reached"),
            (cause(.timeout, ["error: slow"], limit: "wall_time"), "limit wall_time reached"),
            (cause(.cpuTime, status: nil), "limit cpu_time reached"),
            (cause(.disk, ["No space left on device"], limit: "disk"), "limit disk reached"),
            (
                cause(.seccomp, ["x"], status: nil, signal: 31, denied: [killed, refused]),
                "system call keyctl, ptrace refused"
            ),
            (cause(.seccomp, status: nil, signal: 31, denied: [refused]), "system call keyctl refused"),
            (cause(.signal, status: nil, signal: 11), "signal 11"),
            (cause(.signal, ["free(): invalid pointer"], status: nil, signal: 6), "signal 6: free(): invalid pointer"),
            (
                cause(.setup, status: nil, reason: "mount /srv/archive17: No such file or directory (2)"),
                "mount /srv/<p>: No such file or directory (<n>)"
            ),
            (cause(.lost, status: nil, reason: "the host went down"), "the host went down"),
            // A Script that asks to be ended says why.
            (
                cause(
                    .hard, ["fine so far"], status: nil, reason: "it ended itself: no orbit for 2026-11-24",
                    isOwnWord: true),
                "it ended itself: no orbit for <time>"
            ),
        ]
        for (cause, pattern) in cases { #expect(cause?.pattern == pattern) }
    }

    @Test func thereIsNoneOfWhatDidNotFail() {
        #expect(cause(.success) == nil)
        #expect(cause(.cancelled) == nil)
    }

    @Test func keepsWhatWasSaidLast() {
        let lines = (1...40).map { "line \($0) " + String(repeating: "é", count: 300) }
        let sample = cause(.hard, lines)?.sample ?? ""
        #expect(sample.utf8.count <= 2000)
        #expect(sample.hasSuffix("é"))
        #expect(cause(.hard, ["a", "b"])?.sample == "a\nb")
        #expect(cause(.hard)?.sample == "exit status 1")
    }

    @Test func theRestOfAScriptIsOne() throws {
        let first = try #require(cause(.hard, ["error: x"]))
        let second = try #require(cause(.hard, ["error: y"]))
        #expect(first.fingerprint != second.fingerprint)
        #expect(first.rest.fingerprint == second.rest.fingerprint)
        #expect(first.fingerprint.count == 16)
    }
}
