import Testing

@testable import Command

@Suite struct PrintableTests {
    @Test(arguments: [
        ("plain text, größer, 衛星 🛰️", "plain text, größer, 衛星 🛰️"),
        ("\u{1B}[31mred", "^[[31mred"),
        ("\u{1B}]0;title\u{07}", "^[]0;title^G"),
        ("a\nb\tc\rd", "a^Jb^Ic^Md"),
        ("\u{00}\u{7F}", "^@^?"),
        ("\u{9B}31m", "<U+009B>31m"),
        ("\u{202E}gpj.exe", "<U+202E>gpj.exe"),
        ("a\u{2066}b\u{2069}", "a<U+2066>b<U+2069>"),
        ("zero\u{200B}width", "zero<U+200B>width"),
        ("tag\u{E0041}", "tag<U+E0041>"),
        ("", ""),
    ])
    func makesLinesHarmless(_ text: String, _ shown: String) {
        #expect(Printable.line(text) == shown)
    }

    @Test func keepsLinesWhereTheyAreWanted() {
        #expect(Printable.lines("a\nb\tc\u{1B}\r\n") == "a\nb\tc^[^M\n")
    }
}

@Suite struct LogFilterTests {
    static let cases: [(String, [UInt8], String)] = [
        ("text", Array("one\ntwo\t3\n".utf8), "one\ntwo\t3\n"),
        ("colour", Array("\u{1B}[1;31mred\u{1B}[0m\n".utf8), "\u{1B}[1;31mred\u{1B}[0m\n\u{1B}[0m"),
        ("cursor", Array("\u{1B}[2J\u{1B}[H".utf8), "^[[2J^[[H"),
        ("title", Array("\u{1B}]0;x\u{07}".utf8), "^[]0;x^G"),
        ("answer-back", Array("\u{1B}[6n\u{05}".utf8), "^[[6n^E"),
        ("device control", Array("\u{1B}Pq\u{1B}\\".utf8), "^[Pq^[\\"),
        ("eight-bit control", [0xC2, 0x9B, 0x33, 0x31, 0x6D], "<U+009B>31m"),
        ("raw eight-bit control", [0x9B, 0x33, 0x31, 0x6D], "<9B>31m"),
        ("DOS line end", Array("a\r\nb".utf8), "a\nb"),
        ("progress bar", Array("10%\r20%".utf8), "10%^M20%"),
        ("carriage return at the end", Array("a\r".utf8), "a^M"),
        ("private parameter", Array("\u{1B}[?25l".utf8), "^[[?25l"),
        ("unfinished sequence", Array("a\u{1B}[3".utf8), "a^[[3"),
        (
            "endless sequence", Array(("\u{1B}[" + String(repeating: "1;", count: 40) + "m").utf8),
            "^[[" + String(repeating: "1;", count: 40) + "m"
        ),
        ("two-byte text", Array("größer\n".utf8), "größer\n"),
        ("four-byte text", Array("🛰\n".utf8), "🛰\n"),
        ("overlong", [0xC0, 0xAF], "<C0><AF>"),
        ("overlong in three", [0xE0, 0x80, 0xAF], "<E0><80><AF>"),
        ("surrogate", [0xED, 0xA0, 0x80], "<ED><A0><80>"),
        ("cut short", [0x61, 0xE2, 0x82], "a<E2><82>"),
        ("cut by text", [0xE2, 0x82, 0x61], "<E2><82>a"),
        ("above Unicode", [0xF4, 0x90, 0x80, 0x80], "<F4><90><80><80>"),
        ("direction override", Array("a\u{202E}b".utf8), "a<U+202E>b"),
        ("nul and delete", [0x00, 0x7F], "^@^?"),
    ]

    @Test(arguments: cases)
    func showsWhole(_ name: String, _ bytes: [UInt8], _ shown: String) {
        var filter = LogFilter()
        #expect(String(decoding: filter.feed(bytes) + filter.finish(), as: UTF8.self) == shown)
    }

    /// However the log is cut into pieces, the same is shown.
    @Test(arguments: cases)
    func showsBytewise(_ name: String, _ bytes: [UInt8], _ shown: String) {
        var filter = LogFilter()
        var result: [UInt8] = []
        for byte in bytes { result += filter.feed([byte]) }
        #expect(String(decoding: result + filter.finish(), as: UTF8.self) == shown)
    }
}

@Suite struct TableTests {
    private func table() -> Table {
        var table = Table([.init("ID", alignsRight: true), .init("TASK", flexible: 6), .init("NOTE", flexible: 4)])
        table.add(["7", "landsat-scene", "fine"])
        table.add(["1042", .init("衛星", .green), "a\u{1B}[2Jb\nc"])
        return table
    }

    @Test func isCompleteWithoutAWidth() {
        #expect(
            table().render(width: nil, style: Style(isOn: false)) == """
                  ID  TASK           NOTE
                   7  landsat-scene  fine
                1042  衛星           a^[[2Jb^Jc

                """)
    }

    @Test func shortensFlexibleColumnsToTheWidth() {
        let text = table().render(width: 24, style: Style(isOn: false))
        #expect(
            text == """
                  ID  TASK      NOTE
                   7  landsat…  fine
                1042  衛星      a^[[2Jb…

                """)
        #expect(text.split(separator: "\n").allSatisfy { DisplayWidth.of(String($0)) <= 24 })
    }

    @Test func keepsFixedColumnsWhenNothingFits() {
        let text = table().render(width: 5, style: Style(isOn: false))
        #expect(text.hasPrefix("  ID  TASK    NOTE\n   7  lands…  fine\n1042  衛星    a^[…\n"))
    }

    @Test func paintsOnlyWhenAsked() {
        let text = table().render(width: nil, style: Style(isOn: true))
        #expect(text.contains("\u{1B}[1mTASK\u{1B}[0m           \u{1B}[1mNOTE\u{1B}[0m"))
        #expect(text.contains("\u{1B}[32m衛星\u{1B}[0m           a^[[2Jb^Jc"))
    }

    @Test(arguments: [
        ("abc", 3), ("größer", 6), ("e\u{301}", 1), ("衛星", 4), ("🛰️", 2), ("한글", 4), ("", 0),
    ])
    func measures(_ text: String, _ width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test(arguments: [
        ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("衛星衛星", 5, "衛星…"), ("衛星衛星", 4, "衛…"), ("ab", 1, "…"),
        ("ab", 0, ""),
    ])
    func truncates(_ text: String, _ width: Int, _ result: String) {
        #expect(DisplayWidth.truncate(text, to: width) == result)
    }
}
