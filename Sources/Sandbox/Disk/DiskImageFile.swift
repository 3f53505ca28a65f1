import CLinux
import Glibc
import Linux

/// A file that holds an ext4 file system with as much free space as an allowance says. It is sparse: on the host it takes
/// what was written.
///
/// Made of a template, which is made once for each size: copying it takes milliseconds.
struct DiskImageFile {
    let path: String
    /// A folder that is root's alone.
    let templates: String
    /// It is used by more than one, and so also after a power cut.
    var outlivesAttempts = false

    static let blockSize: Int64 = 4096
    /// What mke2fs(8) puts in the root directory, and what pid 1 makes there.
    private static let inodesOfOurs: Int64 = 16
    private static let bytesOfOurs: Int64 = 64 << 10
    private static let mostTemplates = 32
    /// Beyond that no image grows.
    private static let largest: Int64 = 1 << 40

    /// Makes the image, or makes an earlier one ready for the next Script, which finds the allowance free in it.
    func prepare(_ allowance: DiskAllowance) throws(SandboxError) {
        if access(path, F_OK) == 0 {
            let lock = try hold()
            // By word: a process that is being started meanwhile has a copy of the descriptor until its exec.
            defer { flock(lock.raw, LOCK_UN) }
            try readjust(allowance, holding: lock.raw)
        } else {
            try copy(try template(allowance))
        }
    }

    // MARK: The template

    private func template(_ allowance: DiskAllowance) throws(SandboxError) -> String {
        if mkdir(templates, 0o700) != 0 && errno != EEXIST {
            throw SandboxError("making a folder for images of disks: \(SystemError("mkdir", templates))")
        }
        let bytes = try bytes(allowance)
        let inodes = allowance.inodes ?? min(max(bytes / 16_384, 4096), 4 << 20)
        let name = "\(templates)/ext4-\(bytes)-\(inodes)"
        if access(name, R_OK) == 0 { return name }
        let draft = "\(name).\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
        defer { unlink(draft) }
        // What the file system itself takes, and head-room: the rest is reserved, so that exactly the allowance is free.
        let size = bytes + bytes / 32 + (inodes + Self.inodesOfOurs) * 256 + (16 << 20)
        try make(draft, size: size, inodes: inodes + Self.inodesOfOurs)
        try reserve(allowance, in: draft)
        // It is there for long, and a power cut must not leave its name without its content.
        do throws(SystemError) {
            try syncFile(draft)
            try check("rename", name) { rename(draft, name) }
        } catch {
            throw SandboxError("making a template of a disk: \(error)")
        }
        removeOldTemplates()
        return name
    }

    /// A new file system in a new file.
    func make(_ file: String, size: Int64, inodes: Int64, arguments: [String] = []) throws(SandboxError) {
        try create(file, size: size)
        // No journal: nothing in it has to survive a power cut. No checksums of the superblock, whose reserve changes.
        let features = "none,ext_attr,dir_index,filetype,extent,flex_bg,sparse_super,large_file,huge_file,dir_nlink"
        try Self.program("mkfs.ext4").require(
            [
                "-q", "-F", "-b", "\(Self.blockSize)", "-I", "256", "-m", "0", "-N", "\(inodes)", "-O",
                features + ",extra_isize,uninit_bg,64bit,resize_inode", "-E",
                "lazy_itable_init=1,nodiscard,root_owner=0:0,resize=\(Self.largest / Self.blockSize)",
            ] + arguments + [file])
    }

    /// Sizes come and go with policies. One that is needed again is made again; drafts of killed processes are old some day.
    private func removeOldTemplates() {
        guard let folder = try? FileDescriptor.open(templates, O_RDONLY | O_DIRECTORY),
            let names = try? DirectoryEntries.read(folder.raw, path: templates)
        else { return }
        let byAge = names.map { name in
            var status = stat()
            fstatat(folder.raw, name, &status, AT_SYMLINK_NOFOLLOW)
            return (name: name, time: status.st_mtim.tv_sec)
        }.sorted { $0.time > $1.time }
        for old in byAge.dropFirst(Self.mostTemplates) { unlinkat(folder.raw, old.name, 0) }
    }

    /// Removes what processes that are gone left in a folder of templates, for the one process that uses it.
    static func removeDrafts(in templates: String) {
        guard let folder = try? FileDescriptor.open(templates, O_RDONLY | O_DIRECTORY),
            let names = try? DirectoryEntries.read(folder.raw, path: templates)
        else { return }
        for name in names where name.contains(CChar(UInt8(ascii: "."))) { unlinkat(folder.raw, name, 0) }
    }

    /// What must be free; where no limit is named, as much as the host's own file system has in all.
    private func bytes(_ allowance: DiskAllowance) throws(SandboxError) -> Int64 {
        if let bytes = allowance.bytes { return bytes }
        var status = statvfs()
        guard statvfs(templates, &status) == 0 else {
            throw SandboxError("sizing an image: \(SystemError("statvfs", templates))")
        }
        return min(Int64(clamping: status.f_blocks) * Int64(status.f_frsize), Self.largest)
    }

    private func create(_ file: String, size: Int64) throws(SandboxError) {
        do throws(SystemError) {
            let descriptor = try FileDescriptor.open(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try check("ftruncate", file) { ftruncate(descriptor.raw, off_t(size)) }
        } catch {
            throw SandboxError("making an image of a disk: \(error)")
        }
    }

    /// Reserves all that is free beyond the allowance, so that the Script cannot use it.
    private func reserve(_ allowance: DiskAllowance, in file: String) throws(SandboxError) {
        var superblock = try Superblock(of: file)
        let rest = allowance.bytes.map { superblock.usableBlocks - ($0 + Self.bytesOfOurs) / Self.blockSize } ?? 0
        superblock.reservedBlocks = max(0, rest)
        try superblock.writeReserve(to: file)
    }

    // MARK: One attempt after the other

    /// Copies what the template holds; holes stay holes. A copy that is cut short, by a power cut too, does not get the image's
    /// name: an image that is whole can be repaired.
    private func copy(_ template: String) throws(SandboxError) {
        let draft = "\(path).new"
        unlink(draft)
        do throws(SystemError) {
            let source = try FileDescriptor.open(template, O_RDONLY)
            let target = try FileDescriptor.open(draft, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try check("copy to", draft) { altp_copy_sparse(source.raw, target.raw) }
            if outlivesAttempts { try check("fsync", draft) { fsync(target.raw) } }
            try check("rename", path) { rename(draft, path) }
        } catch {
            throw SandboxError("copying the template of a disk: \(error)")
        }
    }

    /// Longer than a program of ours may take.
    private static let patience = 70.0

    /// The image's lock. A program that an earlier Launcher left at work on the image has it until its end.
    private func hold() throws(SandboxError) -> FileDescriptor {
        do throws(SystemError) {
            let file = try FileDescriptor.open(path, O_RDWR | O_NOFOLLOW)
            for _ in 0..<Int(Self.patience / 0.01) {
                if flock(file.raw, LOCK_EX | LOCK_NB) == 0 { return file }
                guard errno == EWOULDBLOCK else { break }
                usleep(10_000)
            }
            throw SystemError("flock", path)
        } catch {
            throw SandboxError(
                "preparing an image of a disk: \(error). A sandbox that has it mounted, or a program at work on it, is in the way"
            )
        }
    }

    /// Grows an earlier Script's image when less is free in it than the allowance, and reserves what is more.
    ///
    /// - Parameter lock: the image's; programs keep it when this process is killed.
    private func readjust(_ allowance: DiskAllowance, holding lock: Int32) throws(SandboxError) {
        var superblock = try Superblock(of: path)
        if !superblock.isClean {
            // The host went down while it was mounted. e2fsck takes a reserve of more than half of all for damage.
            superblock.reservedBlocks = 0
            try superblock.writeReserve(to: path)
            // 1: errors were corrected.
            try Self.program("e2fsck").require(["-f", "-y", path], statuses: 0...1, holding: lock)
            superblock = try Superblock(of: path)
        }
        let wanted = (try bytes(allowance) + Self.bytesOfOurs) / Self.blockSize
        let lackingBlocks = max(0, wanted - superblock.usableBlocks)
        let lackingInodes = max(0, (allowance.inodes ?? 0) + Self.inodesOfOurs - superblock.freeInodes)
        if lackingBlocks + lackingInodes > 0 {
            // Inodes come with groups of blocks, and each group takes blocks for itself.
            let groups =
                1
                + max(
                    lackingInodes / superblock.inodesPerGroup,
                    lackingBlocks / (superblock.blocksPerGroup - superblock.inodesPerGroup / 16 - 64))
            let blocks = superblock.blocks + (groups + 1) * superblock.blocksPerGroup
            guard truncate(path, off_t(blocks * Self.blockSize)) == 0 else {
                throw SandboxError("growing an image of a disk: \(SystemError("truncate", path))")
            }
            try Self.program("resize2fs").require(["-f", path, "\(blocks)"], holding: lock)
        }
        try reserve(allowance, in: path)
    }

    // MARK: Programs

    static let programs = ["mkfs.ext4", "resize2fs", "e2fsck"]

    private static func program(_ name: String) throws(SandboxError) -> HostProgram {
        guard let program = HostProgram.find(name) else {
            throw SandboxError("making a disk of limited size: there is no \(name). Install e2fsprogs")
        }
        return program
    }
}
