import Configuration
import Sandbox

/// The blocks of host uids: who holds which.
struct UIDBlocks {
    private let range: UIDRange
    private var free: Set<UInt32>
    private var holders: [UInt32: Int64] = [:]

    init(_ range: UIDRange) {
        self.range = range
        free = Set(0..<range.blocks)
    }

    var hasFree: Bool { !free.isEmpty }

    /// The next free block; nil when all are held, which admission does not let happen.
    mutating func take(for processing: Int64) -> UInt32? {
        guard let block = free.popFirst() else { return nil }
        holders[block] = processing
        return block
    }

    /// After a restart: a block that the Processing has.
    mutating func adopt(_ block: UInt32, for processing: Int64) {
        free.remove(block)
        holders[block] = processing
    }

    mutating func giveBack(_ block: UInt32) {
        holders[block] = nil
        if block < range.blocks { free.insert(block) }
    }

    /// The first uids of the blocks that somebody holds.
    var firstUIDsHeld: Set<UInt32> { Set(holders.keys.map { identity($0).firstUID }) }

    func identity(_ block: UInt32) -> SandboxIdentity {
        SandboxIdentity(firstUID: range.first + block * UIDRange.blockSize)
    }

    /// The Processing whose block the uid lies in.
    func holder(ofUID uid: UInt32) -> Int64? {
        guard uid >= range.first else { return nil }
        return holders[(uid - range.first) / UIDRange.blockSize]
    }
}
