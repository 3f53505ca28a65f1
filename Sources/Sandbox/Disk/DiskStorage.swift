import Configuration
import Glibc
import Linux
import SandboxPlan

/// Where a sandbox's directories lie, so that what its Script adds can be limited.
package enum SandboxStorage: String, Sendable, Codable, Hashable {
    /// On the host's file system, under a project quota where it has them.
    case directories
    /// In images of a limited size, which only the sandbox mounts.
    case images
}

/// Holds Scripts to their disk limits: by project quota where the file system has it, else by images.
///
/// A Processing's project is the first uid of its block: unique as that is, and free when that is free.
struct DiskStorage: Sendable {
    /// A folder for templates of images; nil where none can be made.
    let templates: String?

    /// Whether the file system of a directory has project quotas.
    private func hasQuota(_ directory: String) -> Bool {
        guard let folder = try? FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY) else { return false }
        return ProjectQuota.isEnforced(folder)
    }

    /// How disk limits are held to for what lies in a directory; nil when they cannot be.
    func method(at directory: String) -> DiskMethod? {
        if hasQuota(directory) { return .projectQuota }
        guard templates != nil, access("/dev/loop-control", R_OK | W_OK) == 0,
            DiskImageFile.programs.allSatisfy({ HostProgram.find($0) != nil })
        else { return nil }
        return .image
    }

    // MARK: What a Processing's Scripts share

    /// Makes the directory, or the folder for an image of it when limits need one. It is there whole or not at all: whoever
    /// finds it tells by its owner what it is.
    func makeShared(_ path: String, identity: SandboxIdentity, isLimited: Bool) throws(SandboxError) {
        let draft = Self.draft(of: path)
        do throws(SystemError) {
            Self.removeDraft(of: path)
            if isLimited, !hasQuota(parent(of: path)) {
                try draft.make()
            } else {
                try makeOwnedDirectory(draft.path, identity.hostUID, project: identity.project)
            }
            try check("rename", path) { rename(draft.path, path) }
        } catch {
            throw SandboxError("making the processing directory: \(error)")
        }
    }

    /// What the directory is while it is made.
    private static func draft(of path: String) -> ImageFolder { ImageFolder(path: "\(path).new") }

    /// Removes what a start that was cut short left of it.
    static func removeDraft(of path: String) {
        let draft = draft(of: path)
        rmdir(draft.mountPoint)
        rmdir(draft.path)
    }

    /// Where an attempt's directories must lie: with those that its Processing's Scripts share.
    func storage(of specification: SandboxSpecification, at attempt: AttemptDirectory) -> SandboxStorage {
        if let shared = specification.processingDirectory {
            return ImageFolder(path: shared).isThere ? .images : .directories
        }
        let isLimited = !DiskAllowance(specification.policy.limits).isUnlimited
        return isLimited && !hasQuota(parent(of: attempt.path)) ? .images : .directories
    }

    // MARK: An attempt

    /// Makes what the Script writes to, empty.
    func makeWritable(
        _ specification: SandboxSpecification, at attempt: AttemptDirectory
    ) throws(SystemError) {
        switch specification.storage {
        case .directories:
            for (path, owner) in attempt.writable(specification) {
                try makeOwnedDirectory(path, owner, project: specification.identity.project)
            }
        case .images: try attempt.imageFolder.make()
        }
    }

    /// Sets the limits that hold from now on, and gives the steps with which pid 1 uses them.
    func allow(
        _ specification: SandboxSpecification, at attempt: AttemptDirectory
    ) throws(SandboxError) -> [PlanStep] {
        let allowance = DiskAllowance(specification.policy.limits)
        switch specification.storage {
        case .directories: return try allowByQuota(allowance, specification, attempt)
        case .images:
            guard let templates else { throw SandboxError("limiting the disk: there is no folder for images") }
            var steps: [PlanStep] = []
            func add(
                _ folder: ImageFolder, _ directories: [(path: String, owner: UInt32)], isShared: Bool = false
            ) throws(SandboxError) {
                try DiskImageFile(path: folder.image, templates: templates, outlivesAttempts: isShared)
                    .prepare(allowance)
                steps.append(.mountImage(image: folder.image, directory: folder.mountPoint))
                steps += directories.map { .ownedDirectory(path: $0.path, owner: $0.owner) }
                steps.append(.watchDisk(path: folder.mountPoint))
            }
            try add(attempt.imageFolder, attempt.writable(specification))
            if let shared = specification.processingDirectory {
                let folder = ImageFolder(path: shared)
                try add(folder, [(folder.files, specification.identity.hostUID)], isShared: true)
            }
            return steps
        }
    }

    private func allowByQuota(
        _ allowance: DiskAllowance, _ specification: SandboxSpecification, _ attempt: AttemptDirectory
    ) throws(SandboxError) -> [PlanStep] {
        do throws(SystemError) {
            let folder = try FileDescriptor.open(attempt.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            guard ProjectQuota.isEnforced(folder) else {
                guard allowance.isUnlimited else {
                    throw SystemError("quotactl: project quota at", attempt.path, number: ENOTSUP)
                }
                return []
            }
            let project = specification.identity.project
            // What was added before, such as by Scripts before this one, is not this one's.
            let used = try ProjectQuota.usage(of: project, at: folder)
            try ProjectQuota.limit(
                project, bytes: allowance.bytes.map { used.bytes + $0 },
                inodes: allowance.inodes.map { used.inodes + $0 }, at: folder)
            guard !allowance.isUnlimited else { return [] }
            return [.watchQuota(project: project), .watchDisk(path: attempt.scratch(.directories))]
        } catch {
            throw SandboxError("limiting the disk of \(specification.reference): \(error)")
        }
    }

    /// Makes what takes the writes of a snapshot, under the same limits.
    ///
    /// - Parameter place: the directory of the sandbox that has the snapshot.
    func makeSnapshot(
        of specification: SandboxSpecification, at place: AttemptDirectory
    ) throws(SandboxError) -> SnapshotLayers {
        let owner = specification.identity.firstUID
        do throws(SystemError) {
            switch specification.storage {
            case .directories:
                let directory = "\(place.path)/snapshot"
                try check("mkdir", directory) { mkdir(directory, 0o700) }
                for name in SnapshotLayers.names {
                    try makeOwnedDirectory("\(directory)/\(name)", owner, project: specification.identity.project)
                }
                return SnapshotLayers(directory: directory, steps: [])
            case .images: try place.imageFolder.make()
            }
        } catch {
            throw SandboxError("making a snapshot of \(specification.reference): \(error)")
        }
        guard let templates else { throw SandboxError("limiting the disk: there is no folder for images") }
        let folder = place.imageFolder
        try DiskImageFile(path: folder.image, templates: templates).prepare(DiskAllowance(specification.policy.limits))
        let directories = SnapshotLayers.names.map { name in
            PlanStep.ownedDirectory(path: "\(folder.mountPoint)/\(name)", owner: owner)
        }
        return SnapshotLayers(
            directory: folder.mountPoint,
            steps: [.mountImage(image: folder.image, directory: folder.mountPoint)] + directories)
    }

    /// Makes an identity's project free again, when its files are gone.
    func release(_ identity: SandboxIdentity, at directory: String) {
        guard let folder = try? FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY),
            ProjectQuota.isEnforced(folder)
        else { return }
        try? ProjectQuota.limit(identity.project, bytes: nil, inodes: nil, at: folder)
    }

    /// Makes the projects free again that have a limit and no files, but for those that somebody holds.
    func releaseUnused(in projects: Range<UInt32>, except held: Set<UInt32>, at directory: String) {
        guard let folder = try? FileDescriptor.open(directory, O_RDONLY | O_DIRECTORY),
            ProjectQuota.isEnforced(folder)
        else { return }
        for project in ProjectQuota.unusedLimits(in: projects, at: folder) where !held.contains(project) {
            try? ProjectQuota.limit(project, bytes: nil, inodes: nil, at: folder)
        }
    }

    private func makeOwnedDirectory(_ path: String, _ owner: UInt32, project: UInt32) throws(SystemError) {
        try check("mkdir", path) { mkdir(path, 0o755) }
        let directory = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        try check("fchown", path) { fchown(directory.raw, owner, owner) }
        if ProjectQuota.isEnforced(directory) {
            try ProjectQuota.assign(project, to: directory, path: path)
        }
    }

    private func parent(of path: String) -> String {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return parts.joined(separator: "/") + "/"
    }
}

/// What holds Scripts to their disk limits.
package enum DiskMethod: String, Sendable {
    case projectQuota = "project quota"
    case image = "images of a limited size"

    /// For what lies in a directory; nil when nothing can hold it to a limit.
    package static func at(_ directory: String) -> DiskMethod? { DiskStorage(templates: "").method(at: directory) }
}

/// A folder with an image and the place where sandboxes mount it.
struct ImageFolder: Sendable, Hashable {
    var path: String

    var image: String { "\(path)/image" }
    var mountPoint: String { "\(path)/mounted" }
    /// What is bound at `/processing`, in the image that Scripts share.
    var files: String { "\(mountPoint)/files" }

    /// Judged by the owner alone: where there is no image, the directory is the Script's, and so is every name in it.
    var isThere: Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid()
    }

    func make() throws(SystemError) {
        try check("mkdir", path) { mkdir(path, 0o700) }
        try check("mkdir", mountPoint) { mkdir(mountPoint, 0o700) }
    }
}
