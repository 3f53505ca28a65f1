/// A file, directory or link that is written into an archive without being on the disk: a ustar header, see tar(5).
struct ArchiveFile: Sendable {
    enum Content: Sendable {
        case file([UInt8])
        case directory
        case link(String)
    }

    /// Relative, and at most 100 bytes long.
    var name: String
    var content: Content
    var mode: UInt32
    var owner: UInt32

    init(_ name: String, _ content: Content, mode: UInt32 = 0o644, owner: UInt32 = 0) {
        self.name = name
        self.content = content
        self.mode = mode
        self.owner = owner
    }

    private static let block = 512

    /// Its header, its content, and what fills up the last block.
    var bytes: [UInt8] {
        var body: [UInt8] = []
        var kind: Character = "0"
        var target = ""
        switch content {
        case .file(let bytes): body = bytes
        case .directory: kind = "5"
        case .link(let path): (kind, target) = ("2", path)
        }
        var header = [UInt8](repeating: 0, count: Self.block)
        func put(_ text: some Collection<UInt8>, at offset: Int, _ size: Int) {
            header.replaceSubrange(offset..<offset + min(text.count, size), with: text.prefix(size))
        }
        put(Array((kind == "5" ? name + "/" : name).utf8), at: 0, 100)
        put(Self.number(UInt64(mode), 8), at: 100, 8)
        put(Self.number(UInt64(owner), 8), at: 108, 8)
        put(Self.number(UInt64(owner), 8), at: 116, 8)
        put(Self.number(UInt64(body.count), 12), at: 124, 12)
        put(Self.number(0, 12), at: 136, 12)
        put(Array(repeating: 0x20, count: 8), at: 148, 8)
        put(Array(String(kind).utf8), at: 156, 1)
        put(Array(target.utf8), at: 157, 100)
        put(Array("ustar".utf8) + [0, 0x30, 0x30], at: 257, 8)
        let sum = header.reduce(0) { $0 + UInt64($1) }
        put(Self.number(sum, 7), at: 148, 7)
        let padding = (Self.block - body.count % Self.block) % Self.block
        return header + body + Array(repeating: 0, count: padding)
    }

    /// In octal digits, or where these are too few, as GNU tar has it: a first byte of 0x80, and then the number itself.
    private static func number(_ value: UInt64, _ size: Int) -> [UInt8] {
        let digits = String(value, radix: 8)
        if digits.count < size {
            return Array((String(repeating: "0", count: size - 1 - digits.count) + digits).utf8) + [0]
        }
        return [0x80]
            + (1..<size).map { UInt8(truncatingIfNeeded: $0 > size - 9 ? value >> (8 * UInt64(size - 1 - $0)) : 0) }
    }

    /// The content of an archive's first file, when it has this name.
    ///
    /// - Parameters:
    ///   - header: the archive's first block.
    ///   - limit: the longest that it may be.
    /// - Returns: its length; nil when it is another file, or no archive, or too long.
    static func length(of name: String, header: [UInt8], limit: Int) -> Int? {
        guard header.count == block, Array(header[257..<262]) == Array("ustar".utf8), header[156] == 0x30,
            header[..<100].prefix(while: { $0 != 0 }).elementsEqual(name.utf8),
            let size = Int(
                String(decoding: header[124..<136].prefix { $0 != 0 && $0 != 0x20 }, as: UTF8.self), radix: 8),
            size <= limit
        else { return nil }
        return size
    }
}
