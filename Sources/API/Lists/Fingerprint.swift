/// FNV-1a of 64 bits (Fowler, Noll and Vo; draft-eastlake-fnv): tells texts apart that nobody forges to his own gain.
struct Fingerprint {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    }

    /// Adds a text and its end, so that neighbours cannot run together.
    mutating func add(_ text: String) {
        add(text.utf8)
        add(CollectionOfOne(0xFF))
    }

    var text: String { String(value, radix: 36) }
}
