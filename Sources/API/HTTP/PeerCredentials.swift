import Glibc

/// Who is at the other end of a Unix socket, by the kernel's word: as it was when the peer connected.
package struct PeerCredentials: Sendable, Hashable {
    package var pid: Int32
    package var uid: UInt32
    package var gid: UInt32
    /// Supplementary groups.
    package var groups: [UInt32]

    package init(pid: Int32, uid: UInt32, gid: UInt32, groups: [UInt32] = []) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
        self.groups = groups
    }

    /// Reads SO_PEERCRED and SO_PEERGROUPS (unix(7)); nil when the kernel refuses either, which leaves nobody to trust.
    init?(descriptor: Int32) {
        // struct ucred, which the C library hides from Swift: three numbers of 32 bits.
        var credentials = (pid: Int32(0), uid: UInt32(0), gid: UInt32(0))
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        var size: socklen_t = 0
        var groups: [UInt32] = []
        // The first call tells the size: ERANGE, unless there is none.
        if getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, nil, &size) != 0 {
            guard errno == ERANGE else { return nil }
            groups = [UInt32](repeating: 0, count: Int(size) / MemoryLayout<UInt32>.stride)
            guard getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, &groups, &size) == 0 else { return nil }
        }
        self.init(pid: credentials.pid, uid: credentials.uid, gid: credentials.gid, groups: groups)
    }

    func isMember(of group: UInt32) -> Bool { gid == group || groups.contains(group) }
}
