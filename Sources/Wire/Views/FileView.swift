/// Something in a directory that an attempt left: an item of
/// `GET /processings/{id}/scripts/{script}/attempts/{number}/files`
package struct FileView: Sendable, Hashable, Codable {
    /// What is no text in it is replaced, and then `nameBase64` has its bytes.
    package var name: String
    package var nameBase64: String?
    /// `file`, `directory`, `link`, `fifo`, `socket` or `device`.
    package var kind: String
    /// Of a file, in bytes.
    package var size: Int64
    /// Permission bits.
    package var mode: Int
    /// The owner as the sandbox saw it; absent where it had no name for it.
    package var uid: Int64?
    package var gid: Int64?
    package var modifiedAt: Timestamp
    /// Where a symbolic link points; what is no text in it is replaced.
    package var target: String?

    package init(
        name: String, nameBase64: String?, kind: String, size: Int64, mode: Int, uid: Int64?, gid: Int64?,
        modifiedAt: Timestamp, target: String?
    ) {
        self.name = name
        self.nameBase64 = nameBase64
        self.kind = kind
        self.size = size
        self.mode = mode
        self.uid = uid
        self.gid = gid
        self.modifiedAt = modifiedAt
        self.target = target
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name, kind, size, mode, uid, gid, target
        case nameBase64 = "name_base64"
        case modifiedAt = "modified_at"
    }
}

extension FileView: ListedView {
    package static let listFields = CodingKeys.allCases.map(\.rawValue).sorted()
}

/// A page of a directory, by name.
package struct FilesView: Sendable, Hashable, Codable {
    package var items: [FileView]
    /// Given as `cursor` it asks for the next page; absent on the last. Opaque.
    package var next: String?
    /// The directory has more entries than are looked at, and some are missing.
    package var cut: Bool?

    package init(items: [FileView], next: String? = nil, cut: Bool? = nil) {
        self.items = items
        self.next = next
        self.cut = cut
    }
}
