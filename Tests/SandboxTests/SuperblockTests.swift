import Testing

@testable import Sandbox

@Suite struct SuperblockTests {
    /// The fields at their places, in the order of bytes of ext4.
    static func bytes(_ fields: [(offset: Int, value: UInt64, size: Int)]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1024)
        for field in fields {
            for index in 0..<field.size {
                bytes[field.offset + index] = UInt8(truncatingIfNeeded: field.value >> (8 * index))
            }
        }
        return bytes
    }

    static let fields: [(offset: Int, value: UInt64, size: Int)] = [
        (0x4, 300_000, 4), (0x150, 1, 4), (0x8, 7, 4), (0xc, 250_000, 4), (0x158, 1, 4), (0x10, 1000, 4),
        (0x20, 32_768, 4), (0x28, 128, 4), (0x38, 0xef53, 2), (0x3a, 1, 2),
    ]

    @Test func readsWhatIsFreeBeyondFourGibiblocksToo() throws {
        let superblock = try #require(Superblock(Self.bytes(Self.fields)))
        #expect(superblock.blocks == 1 << 32 | 300_000)
        #expect(superblock.freeBlocks == 1 << 32 | 250_000)
        #expect(superblock.freeInodes == 1000)
        #expect(superblock.reservedBlocks == 7)
        #expect(superblock.isClean)
        #expect(superblock.usableBlocks == superblock.freeBlocks - 4096)
    }

    @Test func takesNothingElseForOne() {
        #expect(Superblock([UInt8](repeating: 0, count: 1024)) == nil)
        #expect(Superblock([UInt8](repeating: 0xff, count: 100)) == nil)
        // What would be divided by later.
        #expect(Superblock(Self.bytes(Self.fields.filter { $0.offset != 0x20 })) == nil)
        #expect(Superblock(Self.bytes(Self.fields.filter { $0.offset != 0x28 })) == nil)
    }
}
