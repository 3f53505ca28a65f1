import Configuration
import FoundationEssentials
import Sandbox
import Wire

extension FileView {
    /// - Parameter identity: the block of uids that the sandbox had.
    init(_ entry: TreeEntry, _ identity: SandboxIdentity) {
        let name = entry.path.split(separator: 0x2F).last.map(Array.init) ?? []
        let isText = String(validating: name, as: UTF8.self) != nil
        self.init(
            name: String(decoding: name, as: UTF8.self),
            nameBase64: isText ? nil : Data(name).base64EncodedString(), kind: entry.kind.rawValue,
            size: entry.kind == .file ? entry.size : 0, mode: Int(entry.mode),
            uid: Self.inside(entry.uid, identity), gid: Self.inside(entry.gid, identity),
            modifiedAt: Timestamp(milliseconds: entry.modified.milliseconds),
            target: entry.target.map { String(decoding: $0, as: UTF8.self) })
    }

    private static func inside(_ uid: UInt32, _ identity: SandboxIdentity) -> Int64? {
        let number = Int64(uid) - Int64(identity.firstUID)
        return (0..<Int64(UIDRange.blockSize)).contains(number) ? number : nil
    }
}
