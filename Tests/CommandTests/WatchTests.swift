import Testing

@testable import Command

@Suite struct WatchModelTests {
    private static func snapshot(
        _ status: String, attempts: [WatchModel.Attempt] = [], retryAt: Int64? = nil, endedAt: Int64? = nil
    ) -> WatchModel.Snapshot {
        WatchModel.Snapshot(
            id: 42, task: "scene", label: "LC08", status: status, isFinal: status != "waiting" && status != "running",
            retryAt: retryAt, chain: ["load", "rgb"], attempts: attempts, createdAt: 1000,
            startedAt: attempts.first?.startedAt, endedAt: endedAt)
    }

    private static func attempt(
        _ script: String, _ number: Int, _ outcome: String? = nil, reason: String? = nil, from: Int64, to: Int64? = nil
    ) -> WatchModel.Attempt {
        .init(script: script, number: number, outcome: outcome, reason: reason, startedAt: from, endedAt: to)
    }

    /// A soft failure, its retry, and the end, each told once.
    @Test func tellsWhatHappensOnce() {
        var model = WatchModel()
        func texts(_ snapshot: WatchModel.Snapshot, _ now: Int64) -> [String] {
            model.update(snapshot, now: now).map { "\($0.time) \($0.text)" }
        }
        #expect(texts(Self.snapshot("waiting"), 1100) == ["1000 waiting: LC08"])
        #expect(texts(Self.snapshot("waiting"), 1200) == [])
        let running = Self.snapshot("running", attempts: [Self.attempt("load", 1, from: 2000)])
        #expect(texts(running, 2100) == ["2000 load #1 started"])
        #expect(model.live.map(\.id) == [42])
        let soft = Self.attempt("load", 1, "soft", reason: "the provider is busy", from: 2000, to: 3500)
        let waiting = Self.snapshot("running", attempts: [soft], retryAt: 5000)
        #expect(texts(waiting, 3600) == ["3500 load #1 soft: the provider is busy (retry in 2s)"])
        #expect(texts(waiting, 4000) == [])
        // Both happened between two polls.
        let loaded = Self.attempt("load", 2, "success", from: 5000, to: 6000)
        let drawn = Self.attempt("rgb", 1, "success", from: 6000, to: 6300)
        #expect(
            texts(Self.snapshot("success", attempts: [soft, loaded, drawn], endedAt: 6300), 7000) == [
                "6000 load #2 success after 1.0s", "6300 rgb #1 success after 300ms", "6300 done in 4.3s",
            ])
        #expect(model.live.isEmpty)
    }

    @Test func tellsARerun() {
        var model = WatchModel()
        let failed = Self.attempt("load", 1, "hard", reason: "exit status 1", from: 2000, to: 3000)
        _ = model.update(Self.snapshot("failed", attempts: [failed], endedAt: 3000), now: 3000)
        let lines = model.update(Self.snapshot("waiting", attempts: [failed]), now: 9000)
        #expect(lines.map(\.text) == ["runs again"])
        let again = Self.attempt("load", 2, "hard", reason: "exit status 1", from: 9500, to: 9900)
        let more = model.update(Self.snapshot("failed", attempts: [failed, again], endedAt: 9900), now: 9900)
        #expect(more.map(\.text) == ["load #2 hard: exit status 1", "failed after 7.9s; altp why 42 says more"])
    }
}

@Suite struct WatchScreenTests {
    private let snapshot = WatchModel.Snapshot(
        id: 7, task: "scene", label: "LC08\u{1B}[2J", status: "running", isFinal: false,
        chain: ["load", "calibrate", "rgb"],
        attempts: [
            .init(script: "load", number: 1, outcome: "success", startedAt: 0, endedAt: 1000),
            .init(script: "calibrate", number: 2, progress: 40.7, progressText: "band 4", startedAt: 1000),
        ], createdAt: 0, startedAt: 0)

    @Test func drawsARow() {
        let screen = WatchScreen(style: Style(isOn: false))
        #expect(
            screen.row(snapshot, headWidth: 9, width: 100, now: 12_000)
                == "7 scene   ■▶· LC08^[[2J: calibrate #2 40% band 4 12s")
        for width in [20, 30, 50] {
            #expect(DisplayWidth.of(screen.row(snapshot, headWidth: 0, width: width, now: 12_000)) < width)
        }
    }

    @Test func redrawsInPlace() {
        var screen = WatchScreen(style: Style(isOn: false))
        let first = screen.redraw(finished: [], live: [snapshot], width: 80, height: 24, now: 0)
        #expect(!first.contains("\u{1B}[1A"))
        let second = screen.redraw(finished: ["done"], live: [snapshot, snapshot], width: 80, height: 24, now: 0)
        #expect(second.hasPrefix("\u{1B}[1A\r\u{1B}[Kdone\n"))
        let third = screen.redraw(finished: [], live: [], width: 80, height: 24, now: 0)
        #expect(third == "\u{1B}[2A\u{1B}[J")
    }

    @Test func keepsToTheHeight() {
        var screen = WatchScreen(style: Style(isOn: false))
        let many = Array(repeating: snapshot, count: 50)
        let text = screen.redraw(finished: [], live: many, width: 80, height: 10, now: 0)
        #expect(text.filter { $0 == "\n" }.count == 8)
        #expect(text.contains("… and 43 more"))
    }

    @Test func printsHarmlessLines() {
        let line = WatchModel.Line(
            time: 0, id: 7, task: "scene", text: "load #1 soft: \u{1B}]0;x\u{07}\nforged", outcome: "soft")
        #expect(WatchScreen(style: Style(isOn: false)).plain(line).hasSuffix("7 scene load #1 soft: ^[]0;x^G^Jforged"))
    }
}
