import CLinux
import Glibc
import Linux
import SandboxPlan

/// An image's tree, as an overlay shows it below an attempt's changes.
struct LowerLayer: ~Copyable {
    private let directory: FileDescriptor
    /// What the image's uid 0 is in the upper layer.
    private let firstUID: UInt32

    init(path: String, firstUID: UInt32) throws(SandboxError) {
        do throws(SystemError) {
            directory = try FileDescriptor.open(path, altp_o_path | O_DIRECTORY)
        } catch {
            throw SandboxError("opening the rootfs that the attempt had: \(error)")
        }
        self.firstUID = firstUID
    }

    /// What it has at a path, its owner in the upper layer's numbers; nil when nothing.
    func entry(_ path: [UInt8]) -> TreeEntry? {
        guard let place = open(path, altp_o_path | O_NOFOLLOW) else { return nil }
        var status = stat()
        guard fstat(place.raw, &status) == 0 else { return nil }
        status.st_uid &+= firstUID
        status.st_gid &+= firstUID
        var entry = TreeEntry(path: path, status)
        // An image may have a device 0:0 of its own; there are no whiteouts in a lowest layer that matter here.
        if entry.kind == .whiteout { entry.kind = .device }
        return entry
    }

    func names(in path: [UInt8]) -> [[UInt8]] {
        guard let opened = open(path, O_RDONLY | O_DIRECTORY),
            let names = try? DirectoryEntries.read(opened.raw, path: "a directory")
        else { return [] }
        return names.map { name in name.dropLast().map { UInt8(bitPattern: $0) } }
    }

    private func open(_ path: [UInt8], _ flags: Int32) -> FileDescriptor? {
        let number = altp_openat2(
            directory.raw, path.map { CChar(bitPattern: $0) } + [0], UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), 0,
            altp_resolve_no_symlinks)
        return number < 0 ? nil : FileDescriptor(owning: number)
    }
}

/// Compares an overlay's upper layer with what lies below it, see the kernel's Documentation/filesystems/overlayfs.rst.
struct RootChanges: ~Copyable {
    private let lower: LowerLayer
    private let ours: OwnPlaces

    init(lower: consuming LowerLayer, ours: OwnPlaces) {
        self.lower = lower
        self.ours = ours
    }

    func tree(_ walk: consuming TreeWalk) -> AttemptChanges.Tree {
        var tree = AttemptChanges.Tree(place: .root)
        var seen: Set<[UInt8]> = []
        /// Directories whose lower content is out of sight.
        var opaque: [[UInt8]] = []
        var opaquePaths: Set<[UInt8]> = []
        while let entry = walk.next() {
            seen.insert(entry.path)
            let former = lower.entry(entry.path)
            if ours.made(entry) { continue }
            switch entry.kind {
            case .whiteout:
                if let former { tree.changes.append(.init(kind: .removed, entry: former)) }
                continue
            case .directory where entry.isOpaque || opaquePaths.contains(Self.parent(entry.path)):
                opaquePaths.insert(entry.path)
                if former?.kind == .directory { opaque.append(entry.path) }
            default: break
            }
            guard let former else {
                tree.changes.append(.init(kind: .added, entry: entry))
                continue
            }
            if differs(entry, from: former) {
                tree.changes.append(.init(kind: .changed, entry: entry, before: former))
            }
        }
        tree.isCut = !walk.omissions.isNone
        if !tree.isCut {
            for directory in opaque {
                for name in lower.names(in: directory) where !seen.contains(directory + [0x2F] + name) {
                    guard let former = lower.entry(directory + [0x2F] + name) else { continue }
                    tree.changes.append(.init(kind: .removed, entry: former))
                }
            }
        }
        tree.sort()
        return tree
    }

    /// What was only opened for writing was copied up as it is.
    private func differs(_ entry: TreeEntry, from former: TreeEntry) -> Bool {
        if entry.kind != former.kind || entry.mode != former.mode || entry.uid != former.uid { return true }
        if entry.kind == .directory { return false }
        return entry.size != former.size || entry.modified != former.modified
    }

    private static func parent(_ path: [UInt8]) -> [UInt8] {
        guard let slash = path.lastIndex(of: 0x2F) else { return [] }
        return Array(path[..<slash])
    }
}

/// What pid 1 makes in every root, which is no change of the Script's.
struct OwnPlaces {
    private var folders: Set<String> = []
    /// With the length of their content.
    private var files: [String: Int] = [:]
    private var links: Set<String> = []

    init(_ plan: Plan) {
        for step in plan.steps {
            switch step {
            case .directory(let path, _), .tmpfs(let path, _, _, _), .deviceFolder(let path), .devpts(let path),
                .proc(let path):
                addFolder(path)
            // A mount point: a directory, or an empty file.
            case .bind(_, let target, _, _):
                addFolder(target)
                addFile(target, 0)
            case .overlay(let path, _): addFolder(path)
            case .file(let path, _, let content): addFile(path, content.utf8.count)
            case .symlink(let path, _):
                addFolder(Self.parent(path))
                links.insert(Self.relative(path))
            default: break
            }
        }
    }

    /// A directory that a Script made in an image, whose place pid 1 would have made too, is told of by what is in it.
    func made(_ entry: TreeEntry) -> Bool {
        switch entry.kind {
        case .directory: folders.contains(entry.pathText)
        case .file: files[entry.pathText].map { Int64($0) == entry.size } ?? false
        case .link: links.contains(entry.pathText)
        default: false
        }
    }

    private mutating func addFolder(_ path: String) {
        var path = path
        while path.count > 1 {
            folders.insert(Self.relative(path))
            path = Self.parent(path)
        }
    }

    private mutating func addFile(_ path: String, _ size: Int) {
        addFolder(Self.parent(path))
        files[Self.relative(path)] = size
    }

    private static func relative(_ path: String) -> String { String(path.drop { $0 == "/" }) }

    private static func parent(_ path: String) -> String {
        path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
    }
}
