import Testing

@testable import Sandbox

@Suite struct TreeRecordTests {
    private static func entry(
        _ path: String, _ kind: TreeEntry.Kind = .file, size: Int64 = 1, changed: Int64 = 10, mode: UInt32 = 0o644,
        inode: UInt64 = 7
    ) -> TreeEntry {
        TreeEntry(
            path: Array(path.utf8), kind: kind, size: size, mode: mode, uid: 1000,
            modified: .init(seconds: 5, nanoseconds: 6), changed: .init(seconds: changed, nanoseconds: 1), inode: inode)
    }

    private static func listing(_ entries: [TreeEntry], isCut: Bool = false) -> TreeRecord {
        var listing = TreeRecord()
        listing.entries = entries
        listing.isCut = isCut
        return listing
    }

    @Test(arguments: [
        listing([]), listing([], isCut: true), listing([entry("a b\nc"), entry("d", .directory, size: 0)]),
        listing([entry("link", .link, changed: -1, mode: 0o777)], isCut: true),
    ])
    func isReadAsItWasWritten(_ listing: TreeRecord) {
        #expect(TreeRecord(listing.bytes) == listing)
    }

    @Test(arguments: [
        "", "altp-listing 2 complete\0", "altp-listing 1 complete\0file 1 644 0 1 5.6 7.8\0",
        "altp-listing 1 complete\0film 1 644 0 1 5.6 7.8 a\0", "altp-listing 1 cut\0file 1 644 0 1 5 7.8 a\0",
    ])
    func refusesWhatIsNoListing(_ text: String) {
        #expect(TreeRecord(Array(text.utf8)) == nil)
    }

    struct Case: Sendable {
        var before: TreeRecord
        var after: TreeRecord
        var changes: [String]
    }

    static let cases = [
        Case(before: listing([]), after: listing([entry("a")]), changes: ["added a"]),
        Case(before: listing([entry("a")]), after: listing([entry("a")]), changes: []),
        Case(before: listing([entry("a")]), after: listing([entry("a", size: 2)]), changes: ["changed a"]),
        // Its times of modification were set back.
        Case(before: listing([entry("a")]), after: listing([entry("a", changed: 11)]), changes: ["changed a"]),
        Case(before: listing([entry("a")]), after: listing([entry("a", inode: 8)]), changes: ["changed a"]),
        Case(
            before: listing([entry("d", .directory)]), after: listing([entry("d", .directory, changed: 11)]),
            changes: []
        ),
        Case(
            before: listing([entry("d", .directory)]), after: listing([entry("d", .directory, mode: 0o700)]),
            changes: ["changed d"]),
        Case(
            before: listing([entry("b"), entry("c")]), after: listing([entry("a"), entry("c")]),
            changes: ["added a", "removed b"]),
        // What else there was is not known.
        Case(
            before: listing([entry("a")], isCut: true), after: listing([entry("b"), entry("c", changed: 12)]),
            changes: ["removed a", "added c"]),
        Case(before: listing([entry("a"), entry("b")]), after: listing([entry("a")], isCut: true), changes: []),
    ]

    @Test(arguments: cases)
    func tellsWhatIsDifferent(_ test: Case) {
        let tree = AttemptChanges.processing(test.before, test.after)
        #expect(tree.changes.map { "\($0.kind) \($0.entry.pathText)" } == test.changes)
        #expect(tree.isCut == (test.before.isCut || test.after.isCut))
    }
}
