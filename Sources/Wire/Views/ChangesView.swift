/// What an attempt changed on the disk: `GET /processings/{id}/scripts/{script}/attempts/{number}/changes`
package struct ChangesView: Sendable, Hashable, Codable {
    package struct Change: Sendable, Hashable, Codable {
        /// `added`, `changed` or `removed`.
        package var change: String
        /// Relative to the tree; what is no text in it is replaced, and then `pathBase64` has its bytes.
        package var path: String
        package var pathBase64: String?
        /// `file`, `directory`, `link`, `fifo`, `socket` or `device`.
        package var kind: String
        /// In bytes: of what was removed, the size that it had.
        package var size: Int64
        /// Of what was changed.
        package var sizeBefore: Int64?
        /// Permission bits.
        package var mode: Int
        package var modifiedAt: Timestamp
        /// Somebody who entered the sandbox did it, after the attempt had ended.
        package var later: Bool

        package init(
            change: String, path: String, pathBase64: String?, kind: String, size: Int64, sizeBefore: Int64?, mode: Int,
            modifiedAt: Timestamp, later: Bool
        ) {
            self.change = change
            self.path = path
            self.pathBase64 = pathBase64
            self.kind = kind
            self.size = size
            self.sizeBefore = sizeBefore
            self.mode = mode
            self.modifiedAt = modifiedAt
            self.later = later
        }

        enum CodingKeys: String, CodingKey {
            case change, path, kind, size, mode, later
            case pathBase64 = "path_base64"
            case sizeBefore = "size_before"
            case modifiedAt = "modified_at"
        }
    }

    package struct Tree: Sendable, Hashable, Codable {
        /// Where it is in the sandbox: `/scratch`, `/processing` or `/`.
        package var place: String
        /// In the order of paths.
        package var changes: [Change]
        /// There is more than what was looked at.
        package var cut: Bool
        /// Why nothing can be told; absent when it can.
        package var obstacle: String?

        package init(place: String, changes: [Change], cut: Bool, obstacle: String?) {
            self.place = place
            self.changes = changes
            self.cut = cut
            self.obstacle = obstacle
        }
    }

    package var reference: Reference
    package var trees: [Tree]

    package init(reference: Reference, trees: [Tree]) {
        self.reference = reference
        self.trees = trees
    }
}
