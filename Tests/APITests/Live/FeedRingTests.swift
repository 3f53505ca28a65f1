import Testing

@testable import API

@Suite struct FeedRingTests {
    private static func frame(_ id: Int64?, _ bytes: Int = 10) -> FeedFrame {
        FeedFrame(id: id, topic: id == nil ? .progress : .tasks, bytes: [UInt8](repeating: 0, count: bytes))
    }

    private static func ring(after: Int64, _ ids: [Int64?], frames: Int = 100, bytes: Int = 1 << 20) -> FeedRing {
        var ring = FeedRing(after: after, mostFrames: frames, mostBytes: bytes)
        for id in ids { ring.append(frame(id)) }
        return ring
    }

    /// What a subscriber that knows the changes up to `after` gets.
    private static func rest(_ ring: FeedRing, after: Int64) -> [Int64?]? {
        ring.place(after: after).map { ($0..<ring.end).map { ring[$0].id } }
    }

    struct Case {
        var ids: [Int64?]
        var after: Int64
        var expected: [Int64?]?
    }

    @Test(arguments: [
        Case(ids: [], after: 10, expected: []),
        Case(ids: [], after: 9, expected: nil),
        Case(ids: [11, 12, 13], after: 10, expected: [11, 12, 13]),
        Case(ids: [11, 12, 13], after: 12, expected: [13]),
        Case(ids: [11, 12, 13], after: 13, expected: []),
        Case(ids: [11, 12, 13], after: 9, expected: nil),
        // What cannot be told leaves holes.
        Case(ids: [12, 15, 17], after: 13, expected: [15, 17]),
        // What has no id is for those who were there.
        Case(ids: [11, nil, 12, nil], after: 11, expected: [12, nil]),
        Case(ids: [nil, nil, 11], after: 10, expected: [11]),
    ])
    func findsThePlaceAfterAChange(test: Case) {
        #expect(Self.rest(Self.ring(after: 10, test.ids), after: test.after) == test.expected)
    }

    @Test func dropsTheOldestByNumberAndBySize() {
        let byNumber = Self.ring(after: 0, (1...1000).map { $0 }, frames: 10)
        #expect(Self.rest(byNumber, after: 990) == (991...1000).map { $0 })
        #expect(Self.rest(byNumber, after: 989) == nil)
        #expect((byNumber.first, byNumber.end) == (990, 1000))
        #expect(byNumber.id(before: 995) == 995)
        #expect(byNumber.id(before: byNumber.first) == 990)
        let bySize = Self.ring(after: 0, (1...1000).map { $0 }, bytes: 55)
        #expect(Self.rest(bySize, after: 995) == (996...1000).map { $0 })
        #expect(Self.rest(bySize, after: 994) == nil)
        // One that is larger than all is told all the same.
        var large = FeedRing(after: 0, mostFrames: 10, mostBytes: 5)
        large.append(Self.frame(1))
        #expect(Self.rest(large, after: 0) == [1])
    }

    @Test func everyPlaceKeepsItsMessageWhileOthersGo() {
        var ring = FeedRing(after: 0, mostFrames: 7)
        for id in 1...100 as ClosedRange<Int64> {
            ring.append(Self.frame(id))
            for place in ring.first..<ring.end { #expect(ring[place].id == Int64(place + 1)) }
            for known in ring.completeAfter...id { #expect(ring.place(after: known) == Int(known)) }
        }
    }

    @Test func countsWhatCannotBeToldAsPassed() {
        var ring = Self.ring(after: 0, [1])
        ring.pass(4)
        #expect(ring.last == 4)
        ring.append(Self.frame(5))
        #expect(Self.rest(ring, after: 4) == [5])
        #expect(Self.rest(ring, after: 1) == [5])
    }

    struct Start {
        var after: Int64?
        var kept: ClosedRange<Int64>?
        var last: Int64
        var id: Int64
        var isReset: Bool
    }

    @Test(arguments: [
        Start(after: nil, kept: 5...20, last: 20, id: 20, isReset: false),
        Start(after: nil, kept: nil, last: 0, id: 0, isReset: false),
        Start(after: 0, kept: nil, last: 0, id: 0, isReset: false),
        Start(after: 0, kept: 1...20, last: 20, id: 0, isReset: false),
        Start(after: 20, kept: 5...20, last: 20, id: 20, isReset: false),
        Start(after: 4, kept: 5...20, last: 20, id: 4, isReset: false),
        Start(after: 3, kept: 5...20, last: 20, id: 20, isReset: true),
        // From the future: the database is another one.
        Start(after: 21, kept: 5...20, last: 20, id: 20, isReset: true),
        Start(after: 3, kept: nil, last: 0, id: 0, isReset: true),
    ])
    func beginsWhereNothingIsMissing(test: Start) {
        let start = FeedStart(after: test.after, kept: test.kept, last: test.last)
        #expect(start.id == test.id)
        #expect((start.message != .ready) == test.isReset)
        let text = String(decoding: start.bytes, as: UTF8.self)
        #expect(text.hasPrefix("event: \(test.isReset ? "reset" : "ready")\nid: \(test.id)\ndata: {"))
        #expect(text.hasSuffix("}\n\n"))
    }

    @Test func filtersByWhatAMessageBelongsTo() {
        let message = FeedFrame(id: 1, topic: .processings, task: "a", processing: 7, bytes: [])
        let host = FeedFrame(id: 2, topic: .host, bytes: [])
        let task = FeedFrame(id: 3, topic: .tasks, task: "a", bytes: [])
        let table: [(FeedFilter, [Bool])] = [
            (FeedFilter(), [true, true, true]),
            (FeedFilter(topics: .host), [false, true, false]),
            (FeedFilter(topics: [.tasks, .processings]), [true, false, true]),
            (FeedFilter(tasks: ["a"]), [true, false, true]),
            (FeedFilter(tasks: ["b"]), [false, false, false]),
            (FeedFilter(tasks: []), [false, false, false]),
            (FeedFilter(processings: [7]), [true, false, false]),
            (FeedFilter(tasks: ["a"], processings: [8]), [false, false, false]),
        ]
        for (filter, expected) in table { #expect([message, host, task].map(filter.matches) == expected) }
    }

    @Test func aMessageIsLinesThatNoTextCanBreak() throws {
        struct View: Encodable { var text = "a\r\n\ndata: b\u{2028}\n\nid: 9\n\n" }
        let text = String(decoding: try ServerSentEvent.message("x", id: 4, View()), as: UTF8.self)
        #expect(text == "event: x\nid: 4\ndata: {\"text\":\"a\\r\\n\\ndata: b\u{2028}\\n\\nid: 9\\n\\n\"}\n\n")
    }
}
