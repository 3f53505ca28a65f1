import Testing

@testable import Launcher

@Suite struct CausePatternTests {
    private static let cases: [(line: String, pattern: String)] = [
        ("", ""), ("no numbers here", "no numbers here"),
        ("read 12 of 400 lines", "read <n> of <n> lines"), ("took 3.25 s, 12.5%", "took <n> s, <n>%"),
        ("version 1.2.3 at 192.0.2.17:443", "version <n> at <n>:<n>"),
        ("2026-11-24T12:30:01.250Z started", "<time> started"),
        ("[2026-11-24 12:30:01,250] WARN x", "[<time>] WARN x"), ("2026/11/24 12:30:01+02:00 x", "<time> x"),
        ("at 12:30:01 or 12:30", "at <time> or <time>"), ("2026-11-24 is a day", "<time> is a day"),
        ("id 550e8400-e29b-41d4-a716-446655440000 gone", "id <uuid> gone"),
        ("at 0x7f3a09be and deadbeef01", "at <hex> and <hex>"), ("feedback and facade", "feedback and facade"),
        ("scene LC81940272024175LGN00 missing", "scene <id> missing"),
        ("S2A_MSIL1C_20240101T101021_N0510 x", "<id> x"), ("band4 of b12a", "band<n> of b<n>a"),
        ("HTTP 503 from it", "HTTP 503 from it"),
        ("curl: (28) timed out after 30001 ms", "curl: (28) timed out after <n> ms"),
        ("[Errno 2] No such file", "[Errno 2] No such file"), ("ERROR 4: x", "ERROR 4: x"),
        ("exit status 3", "exit status 3"), ("error 123456 in it", "error <n> in it"),
        ("KeyError: 'band_4'", "KeyError: '<q>'"), ("cannot open \"a b c\": no", "cannot open \"<q>\": no"),
        ("it's what doesn't end", "it's what doesn't end"), ("said ‘Łódź’ and “this”", "said ‘<q>’ and “<q>”"),
        ("file `x.tif' and `y`", "file `<q>' and `<q>`"), ("'' is empty", "'' is empty"), ("'open", "'open"),
        ("No module named 'rasterio'", "No module named 'rasterio'"),
        ("object has no attribute 'shape'", "object has no attribute 'shape'"),
        ("/scripts/load.py: x", "/scripts/load.py: x"), ("in /processing/LC8194_B4.TIF:x", "in /processing/<p>.TIF:x"),
        ("/tmp/abc/def/x.json gone", "/tmp/<p>.json gone"), ("/scratch/tmpabcdefgh/in.csv", "/scratch/<p>/in.csv"),
        ("/srv/2026/11/24/x9.nc.", "/srv/<p>.nc."), ("./run.sh and ../x/y.py", "./run.sh and ../x/y.py"),
        ("~/data/part3.bin", "~/data/<p>.bin"), ("and/or 1/2", "and/or <n>/<n>"), ("/ alone", "/ alone"),
        ("open '/data/a1.txt'", "open '/data/<p>.txt'"), ("/usr/lib/python3/x.py", "/usr/lib/python3/x.py"),
        (
            "GET https://user:pw@api.example/v1/scenes/1234?token=abc failed",
            "GET https://api.example/<p>/scenes/<p>?<q> failed"
        ),
        ("see http://example.org:8080/x.", "see http://example.org:8080/x."),
        ("a   b\u{00A0}c", "a b\u{00A0}c"),
    ]

    @Test(arguments: cases)
    func putsPlaceholders(line: String, pattern: String) {
        #expect(CausePattern.of(line) == pattern)
    }

    @Test(arguments: cases.map(\.pattern))
    func aPatternStaysWhatItIs(pattern: String) {
        #expect(CausePattern.of(pattern).isEmpty == pattern.isEmpty)
    }
}
