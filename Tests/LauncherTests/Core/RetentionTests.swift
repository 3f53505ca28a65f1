import Configuration
import Launcher
import Testing

@Suite struct RetentionTests {
    private static let mebibyte: Int64 = 1 << 20

    private static func candidate(
        _ id: Int64, succeeded: Bool = false, ended: Int64? = nil, expires: Int64 = 1000, mebibytes: Int64? = 10,
        _ holders: [Retention.Holder] = [], isBeingRemoved: Bool = false, hasFailed: Bool = false
    ) -> Retention.Candidate {
        Retention.Candidate(
            id: id, succeeded: succeeded, endedAt: ended ?? id, expiresAt: expires,
            bytes: mebibytes.map { $0 * mebibyte }, holders: holders, isBeingRemoved: isBeingRemoved,
            hasFailed: hasFailed)
    }

    struct RoomCase: Sendable {
        var name: String
        var mebibytes: Int64
        var candidates: [Retention.Candidate]
        var remove: [Int64]
        var missing: Int64 = 0
    }

    static let cases: [RoomCase] = [
        RoomCase(name: "nothing is missing", mebibytes: 0, candidates: [candidate(1)], remove: []),
        RoomCase(
            name: "successes first, then the oldest failures", mebibytes: 25,
            candidates: [candidate(1), candidate(2), candidate(3, succeeded: true)], remove: [3, 1, 2]),
        RoomCase(
            name: "no more than it takes", mebibytes: 20,
            candidates: [candidate(1), candidate(2), candidate(3)], remove: [1, 2]),
        RoomCase(
            name: "by their end, not by their number", mebibytes: 5,
            candidates: [candidate(1, ended: 9), candidate(2, ended: 3)], remove: [2]),
        RoomCase(
            name: "never what is held", mebibytes: 5,
            candidates: [
                candidate(1, succeeded: true, [.pinned(by: "cli:root", reason: nil)]),
                candidate(2, [.entered(by: "cli:root")]), candidate(3, [.underWay]), candidate(4),
            ], remove: [4]),
        RoomCase(
            name: "what is missing is told", mebibytes: 15,
            candidates: [candidate(1), candidate(2, [.underWay])], remove: [1], missing: 5),
        RoomCase(
            name: "what is being removed counts", mebibytes: 15,
            candidates: [candidate(1, isBeingRemoved: true), candidate(2), candidate(3)], remove: [2]),
        RoomCase(
            name: "one of unknown size is seen through first", mebibytes: 50,
            candidates: [candidate(1, mebibytes: nil), candidate(2)], remove: [1]),
        RoomCase(
            name: "while one of unknown size goes nothing else does", mebibytes: 50,
            candidates: [candidate(1, mebibytes: nil, isBeingRemoved: true), candidate(2)], remove: []),
        RoomCase(
            name: "what could not be removed holds up nothing", mebibytes: 5,
            candidates: [
                candidate(1, mebibytes: nil, hasFailed: true),
                candidate(2, mebibytes: nil, isBeingRemoved: true, hasFailed: true), candidate(3),
            ], remove: [3]),
    ]

    @Test(arguments: cases.indices) func makesRoom(_ index: Int) {
        let it = Self.cases[index]
        let room = Retention.room(for: it.mebibytes * Self.mebibyte, it.candidates)
        #expect(room.remove == it.remove, "\(it.name)")
        #expect(room.missing == it.missing * Self.mebibyte, "\(it.name)")
        // The order in which they are given plays no part.
        #expect(Retention.room(for: it.mebibytes * Self.mebibyte, it.candidates.reversed()) == room, "\(it.name)")
    }

    @Test func goWhenTheirTimeIsOver() {
        let candidates = [
            Self.candidate(1, expires: 50), Self.candidate(2, expires: 100), Self.candidate(3, expires: 101),
            Self.candidate(4, ended: 0, expires: 1), Self.candidate(5, expires: 1, [.underWay]),
            Self.candidate(6, expires: 1, isBeingRemoved: true), Self.candidate(7, expires: 1, hasFailed: true),
        ]
        #expect(Retention.expired(candidates, now: 100) == [4, 1, 2])
    }

    // MARK: The disk

    private func ledger(
        total: Int64 = 1000, free: Int64, keepFree: FreeSpace = .bytes(ByteSize(bytes: 100)), handedOut: Int64? = nil,
        outstanding: Int64 = 0, added: Int64 = 0, preserved: Int64 = 0
    ) -> DiskLedger {
        var ledger = DiskLedger(volume: .init(total: total, free: free), keepFree: keepFree, handedOut: handedOut)
        (ledger.outstanding, ledger.added, ledger.preserved) = (outstanding, added, preserved)
        return ledger
    }

    @Test func promisesWhatIsFreeBesideKeepFreeAndWhatIsPromised() {
        #expect(ledger(free: 500).available == 400)
        #expect(ledger(free: 500, outstanding: 150).available == 250)
        #expect(ledger(free: 500, keepFree: .percent(25)).available == 250)
        #expect(ledger(free: 50).available == -50)
        #expect(ledger(free: 50).shortage(for: 0) == 50)
        #expect(ledger(free: 500).shortage(for: 420) == 20)
        #expect(ledger(free: 500).shortage(for: 400) == 0)
        #expect(ledger(free: 500).capacity == 900)
    }

    @Test func handsOutNoMoreThanTheConfigurationSays() {
        let full = ledger(free: 900, handedOut: 300, outstanding: 100, added: 50, preserved: 120)
        #expect(full.available == 30)
        #expect(full.capacity == 300)
        #expect(ledger(free: 130, handedOut: 300).available == 30)
    }
}
