import Glibc
import Linux
import SandboxPlan

/// What an attempt added, changed and removed on the disk.
package struct AttemptChanges: Sendable {
    package enum Kind: String, Sendable, Hashable, Codable {
        case added, changed, removed
    }

    package struct Change: Sendable, Hashable {
        package var kind: Kind
        /// As it is now; of what was removed, as it was.
        package var entry: TreeEntry
        /// Of what was changed.
        package var before: TreeEntry?
        /// It was changed after the attempt had ended: by somebody who entered it.
        package var isLater = false
    }

    package struct Tree: Sendable {
        package var place: PreservedTree.Place
        /// In the order of paths.
        package var changes: [Change] = []
        /// There is more than what was looked at.
        package var isCut = false
        /// Why nothing can be told; nil when it can.
        package var obstacle: String?
    }

    /// The next attempt of the Processing. What it and those after it did in `/processing` is not this one's.
    package struct Successor: Sendable {
        package var directory: AttemptDirectory
        package var reference: String
        /// It belongs to a later run, for which `/processing` may have been emptied.
        package var isOfLaterRun: Bool

        package init(directory: AttemptDirectory, reference: String, isOfLaterRun: Bool) {
            self.directory = directory
            self.reference = reference
            self.isOfLaterRun = isOfLaterRun
        }
    }

    /// In the order of `PreservedTree.Place.allCases`.
    package private(set) var trees: [Tree] = []

    static let bounds = TreeWalk.Bounds(entries: TreeRecord.mostEntries)

    /// - Parameters:
    ///   - endedAt: milliseconds since the epoch; nil while it runs.
    ///   - images: where the rootfs images lie.
    init(
        of attempt: AttemptDirectory, endedAt: Int64?, successor: Successor?, images: ImageStore?
    ) throws(SandboxError) {
        let preserved = try PreservedTrees(of: attempt, withShared: successor == nil)
        if let scratch = preserved[.scratch] { trees.append(Self.scratch(try scratch.walk(Self.bounds))) }
        let baseline = try TreeRecord.read(at: attempt) ?? TreeRecord()
        if let successor, preserved.specification.processingDirectory != nil {
            trees.append(try Self.processing(baseline, before: successor))
        } else if let processing = preserved[.processing] {
            let now = TreeRecord(of: try processing.walk(Self.bounds))
            trees.append(Self.processing(baseline, now))
        }
        if let root = preserved[.root] { trees.append(try Self.root(root, attempt, preserved.specification, images)) }
        guard let endedAt else { return }
        for tree in trees.indices {
            for change in trees[tree].changes.indices where trees[tree].changes[change].kind != .removed {
                let changed = trees[tree].changes[change].entry.changed
                trees[tree].changes[change].isLater = changed.milliseconds > endedAt
            }
        }
    }

    /// It begins empty.
    private static func scratch(_ walk: consuming TreeWalk) -> Tree {
        let listing = TreeRecord(of: walk)
        return Tree(
            place: .scratch, changes: listing.entries.map { Change(kind: .added, entry: $0) }, isCut: listing.isCut)
    }

    private static func processing(
        _ before: TreeRecord, before successor: Successor
    ) throws(SandboxError) -> Tree {
        guard access(successor.directory.path, F_OK) == 0 else {
            return Tree(
                place: .processing,
                obstacle: "\(successor.reference) came after it, and what it found there is gone with its directory")
        }
        if let after = try TreeRecord.read(at: successor.directory) { return processing(before, after) }
        guard !successor.isOfLaterRun else {
            return Tree(
                place: .processing,
                obstacle: "it was empty when \(successor.reference) began, which belongs to a later run")
        }
        return processing(before, TreeRecord())
    }

    static func processing(_ before: TreeRecord, _ after: TreeRecord) -> Tree {
        var tree = Tree(place: .processing, isCut: before.isCut || after.isCut)
        let old = Dictionary(before.entries.map { ($0.path, $0) }) { first, _ in first }
        // Of a listing that was cut it is not known what else there was: only what was written later is known to be new.
        let newest = before.isCut ? before.entries.map(\.changed).max() : nil
        for entry in after.entries {
            if let former = old[entry.path] {
                if entry.differs(from: former) {
                    tree.changes.append(Change(kind: .changed, entry: entry, before: former))
                }
            } else if newest.map({ entry.changed > $0 }) ?? true {
                tree.changes.append(Change(kind: .added, entry: entry))
            }
        }
        if !after.isCut {
            let new = Set(after.entries.map(\.path))
            tree.changes += before.entries.filter { !new.contains($0.path) }.map { Change(kind: .removed, entry: $0) }
        }
        tree.sort()
        return tree
    }

    private static func root(
        _ tree: PreservedTree, _ attempt: AttemptDirectory, _ specification: SandboxSpecification,
        _ images: ImageStore?
    ) throws(SandboxError) -> Tree {
        var lowers: [String] = []
        let plan = try attempt.readPlan()
        for case .makeOverlayRoot(_, let layers, _) in plan.steps { lowers.append(layers.lower) }
        guard let path = lowers.first else {
            throw SandboxError("reading the attempt's plan \(attempt.plan): it makes no overlay")
        }
        do throws(SandboxError) {
            let hold = try images?.hold(root: path)
            defer { withExtendedLifetime(hold) {} }
            let lower = try LowerLayer(path: path, firstUID: specification.identity.firstUID)
            return RootChanges(lower: lower, ours: OwnPlaces(plan)).tree(try tree.walk(bounds))
        } catch {
            return Tree(place: .root, obstacle: error.description)
        }
    }
}

extension AttemptChanges.Tree {
    mutating func sort() { changes.sort { $0.entry.path.lexicographicallyPrecedes($1.entry.path) } }
}

extension TreeEntry {
    /// Of directories, what is in them tells more than their times.
    fileprivate func differs(from former: TreeEntry) -> Bool {
        if kind != former.kind || mode != former.mode || uid != former.uid || inode != former.inode { return true }
        return kind != .directory
            && (size != former.size || modified != former.modified || changed != former.changed)
    }
}

extension TreeEntry.Moment {
    package var milliseconds: Int64 {
        seconds.multipliedReportingOverflow(by: 1000).partialValue &+ nanoseconds / 1_000_000
    }
}
