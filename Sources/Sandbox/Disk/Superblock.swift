import Glibc
import Linux

/// The few fields of an ext4 superblock that tell what is free in an image, see ext4(5) and the kernel's
/// Documentation/filesystems/ext4/super.rst.
struct Superblock {
    var blocks: Int64
    var freeBlocks: Int64
    var freeInodes: Int64
    var blocksPerGroup: Int64
    var inodesPerGroup: Int64
    /// What only the host's root may use.
    var reservedBlocks: Int64
    /// It was unmounted, and has no errors.
    var isClean: Bool

    init(of image: String) throws(SandboxError) {
        var bytes = [UInt8](repeating: 0, count: 1024)
        do throws(SystemError) {
            let file = try FileDescriptor.open(image, O_RDONLY | O_NOFOLLOW)
            let count = try check("pread", image) { pread(file.raw, &bytes, bytes.count, 1024) }
            guard count == bytes.count else { throw SystemError("pread", image, number: EIO) }
        } catch {
            throw SandboxError("reading the image of a disk: \(error)")
        }
        guard let value = Superblock(bytes) else {
            throw SandboxError("reading the image of a disk: \(image) holds no ext4 file system")
        }
        self = value
    }

    /// - Parameter bytes: 1024 of them; nil when they are no superblock.
    init?(_ bytes: [UInt8]) {
        func number(_ offset: Int, _ size: Int) -> Int64 {
            bytes[offset..<offset + size].reversed().reduce(0) { $0 << 8 | Int64($1) }
        }
        guard bytes.count == 1024, number(0x38, 2) == 0xef53 else { return nil }
        blocks = number(0x4, 4) | number(0x150, 4) << 32
        reservedBlocks = number(0x8, 4) | number(0x154, 4) << 32
        freeBlocks = number(0xc, 4) | number(0x158, 4) << 32
        freeInodes = number(0x10, 4)
        blocksPerGroup = number(0x20, 4)
        inodesPerGroup = number(0x28, 4)
        isClean = number(0x3a, 2) == 1
        guard blocksPerGroup > 0, inodesPerGroup > 0 else { return nil }
    }

    /// Writes `reservedBlocks` into an image that nobody has mounted. tune2fs(8) reserves no more than a half of all blocks.
    func writeReserve(to image: String) throws(SandboxError) {
        do throws(SystemError) {
            let file = try FileDescriptor.open(image, O_RDWR | O_NOFOLLOW)
            for (offset, half) in [(0x8, reservedBlocks), (0x154, reservedBlocks >> 32)] {
                var value = UInt32(truncatingIfNeeded: half).littleEndian
                let count = try check("pwrite", image) { pwrite(file.raw, &value, 4, off_t(1024 + offset)) }
                guard count == 4 else { throw SystemError("pwrite", image, number: EIO) }
            }
        } catch {
            throw SandboxError("reserving blocks in the image of a disk: \(error)")
        }
    }

    /// What can be allocated: the kernel keeps a fiftieth for itself, at most 4096 clusters.
    var usableBlocks: Int64 { freeBlocks - min(blocks / 50, 4096) }
}
