package import Configuration

/// What of the disk may still be promised. Pure: figures that were looked at go in.
///
/// Two bounds hold at once. The file system must be able to give what running Scripts may still add and have `keepFree` left;
/// and where altp.yaml names `disk`, what Scripts and preserved directories hold together stays within it.
package struct DiskLedger: Sendable, Equatable {
    /// The file system of the state folder, as others than root may use it, in bytes.
    package struct Volume: Sendable, Equatable {
        package var total: Int64
        package var free: Int64

        package init(total: Int64, free: Int64) {
            self.total = total
            self.free = free
        }
    }

    package var volume: Volume
    package var keepFree: FreeSpace
    /// altp.yaml's `disk`; nil for all that the file system has.
    package var handedOut: Int64?
    /// What running Scripts may still add to what they have added.
    package var outstanding: Int64 = 0
    /// What running Scripts have added.
    package var added: Int64 = 0
    /// What the directories of ended Processings hold, as far as it is known.
    package var preserved: Int64 = 0

    package init(volume: Volume, keepFree: FreeSpace, handedOut: Int64?) {
        self.volume = volume
        self.keepFree = keepFree
        self.handedOut = handedOut
    }

    /// `keep_free` in bytes.
    package var guaranteed: Int64 {
        switch keepFree {
        case .bytes(let size): size.bytes
        case .percent(let percent): Int64(Double(volume.total) * percent / 100)
        }
    }

    /// What one Script could have at the very most: more can never be had.
    package var capacity: Int64 { min(handedOut ?? .max, max(0, volume.total - guaranteed)) }

    /// What may be promised now; negative when more is promised than there is.
    package var available: Int64 {
        let onVolume = volume.free - guaranteed - outstanding
        guard let handedOut else { return onVolume }
        return min(onVolume, handedOut - preserved - added - outstanding)
    }

    /// What must be removed before `wanted` can be promised and `keepFree` holds.
    package func shortage(for wanted: Int64) -> Int64 { max(0, wanted - available) }
}
