import Testing

@testable import Launcher

@Suite struct LogEndTests {
    private static let cases: [(name: String, bytes: String, isWhole: Bool, lines: [String])] = [
        ("nothing", "", true, []), ("empty lines", "\n \n\t\n", true, []),
        ("lines", "a\n\n b \nc", true, ["a", "b", "c"]), ("a part of a line first", "art\nwhole\n", false, ["whole"]),
        ("one line without an end", "endless", false, ["endless"]),
        ("colours", "\u{1B}[1;31mERROR\u{1B}[0m: \u{1B}[4mfile\u{1B}[m\n", true, ["ERROR: file"]),
        ("a title", "\u{1B}]0;title\u{07}text\n\u{1B}]8;;http://x\u{1B}\\link\n", true, ["text", "link"]),
        ("other sequences", "\u{1B}(Bplain\u{1B}=\u{1B}7x\n", true, ["plainx"]),
        ("an escape at the end", "text\u{1B}\n\u{1B}[\n\u{1B}]0;", true, ["text"]),
        ("progress", "10%\r50%\r100%\n", true, ["100%"]), ("progress that is wiped", "50%\r      \r\n", true, ["50%"]),
        ("lines of Windows", "one\r\ntwo\r\n", true, ["one", "two"]),
        ("control characters", "a\u{0}b\u{8}c\u{7F}d\u{202E}e\tf\n", true, ["abcde f"]),
    ]

    @Test(arguments: cases)
    func readsTheLastLines(name: String, bytes: String, isWhole: Bool, lines: [String]) {
        #expect(LogEnd.lines(bytes.utf8, isWhole: isWhole) == lines, "\(name)")
    }

    @Test func boundsWhatItReads() {
        let lines = LogEnd.lines(String(repeating: "x\n", count: 5000).utf8, isWhole: true)
        #expect(lines.count == 40)
        let long = LogEnd.lines([UInt8](repeating: 0x61, count: 8000), isWhole: true)
        #expect(long.map(\.count) == [400])
    }

    @Test func readsAllBytes() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3000 {
            let bytes = (0..<300).map { _ in
                Bool.random(using: &generator)
                    ? [0x1B, 0x0D, 0x0A, 0x5B, 0x5D, 0x27, 0x2F][Int.random(in: 0..<7, using: &generator)]
                    : UInt8.random(in: 0...255, using: &generator)
            }
            for line in LogEnd.lines(bytes, isWhole: false) {
                #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
                #expect(CausePattern.of(line).count <= CausePattern.longest)
            }
        }
    }
}
