import Configuration
import Glibc
package import Linux

/// What an attempt left on the disk, open for reading: nothing of it can be changed through this.
///
/// Where the trees lie in images, these are mounted read-only where nobody else sees it, and no sandbox can mount them
/// meanwhile; they are free again when this and all descriptors below are gone.
package struct PreservedTrees: Sendable {
    package let specification: SandboxSpecification
    /// In the order of `PreservedTree.Place.allCases`.
    package let trees: [PreservedTree]

    package subscript(place: PreservedTree.Place) -> PreservedTree? { trees.first { $0.place == place } }

    /// Microseconds that a sandbox which has just ended may take to give its images free.
    private static let patience = 2_000_000

    /// - Parameter withShared: also what the Scripts of its Processing share.
    package init(of attempt: AttemptDirectory, withShared: Bool = true) throws(SandboxError) {
        specification = try attempt.readSpecification()
        var wanted = specification
        if !withShared { wanted.processingDirectory = nil }
        do throws(SystemError) {
            switch specification.storage {
            case .directories: trees = try Self.directories(wanted, attempt)
            case .images: trees = try Self.images(wanted, attempt)
            }
        } catch  where error.number == EWOULDBLOCK {
            throw SandboxError(
                "reading what \(specification.reference) left: \(error.subject) is mounted by a sandbox. Wait until no "
                    + "Script of its Processing runs, and nobody is inside")
        } catch {
            throw SandboxError("reading what \(specification.reference) left: \(error)")
        }
    }

    private static func directories(
        _ specification: SandboxSpecification, _ attempt: AttemptDirectory
    ) throws(SystemError) -> [PreservedTree] {
        let folder = try FileDescriptor.openWithoutLinks(attempt.path, O_RDONLY | O_DIRECTORY)
        var trees = [try PreservedTree(.scratch, of: specification, "scratch", at: folder)]
        if let processing = try shared(specification) { trees.append(processing) }
        if specification.policy.rootfs != "host" {
            trees.append(try PreservedTree(.root, of: specification, "upper", at: folder))
        }
        return trees
    }

    private static func images(
        _ specification: SandboxSpecification, _ attempt: AttemptDirectory
    ) throws(SystemError) -> [PreservedTree] {
        let own = try DetachedImage.open(attempt.imageFolder.image, patience: patience)
        var trees = [try PreservedTree(.scratch, of: specification, "scratch", at: own)]
        if let processing = try shared(specification) { trees.append(processing) }
        if specification.policy.rootfs != "host" {
            trees.append(try PreservedTree(.root, of: specification, "upper", at: own))
        }
        return trees
    }

    /// What the Scripts of a Processing share; nil when there is none, or no Script has had its image yet.
    static func shared(_ specification: SandboxSpecification) throws(SystemError) -> PreservedTree? {
        guard let path = specification.processingDirectory else { return nil }
        let folder = ImageFolder(path: path)
        guard specification.storage == .images else {
            let place = PathParts(path)
            let parent = try FileDescriptor.openWithoutLinks(place.parent, O_RDONLY | O_DIRECTORY)
            return try PreservedTree(.processing, of: specification, place.name, at: parent)
        }
        guard access(folder.image, F_OK) == 0 else { return nil }
        let root = try DetachedImage.open(folder.image, patience: patience)
        do throws(SystemError) {
            return try PreservedTree(.processing, of: specification, "files", at: root)
        } catch  where error.number == ENOENT {
            // The pid 1 that would have made it was killed before.
            return nil
        }
    }
}

/// One of the trees that a Script could write to.
package final class PreservedTree: Sendable {
    package enum Place: String, Sendable, Hashable, Codable, CaseIterable {
        /// The Script's temporary directory.
        case scratch
        /// What the Scripts of its Processing share.
        case processing
        /// What the attempt changed of its rootfs, where that is not the host's: an overlay's upper layer.
        case root
    }

    package let place: Place
    package let directory: FileDescriptor
    /// The directory that it is in, and its name there.
    let parent: FileDescriptor
    let name: String
    /// For errors.
    private let reference: String

    init(
        _ place: Place, of specification: SandboxSpecification, _ name: String, at folder: borrowing FileDescriptor
    ) throws(SystemError) {
        self.place = place
        self.name = name
        parent = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY, at: folder.raw)
        directory = try FileDescriptor.openWithoutLinks(name, O_RDONLY | O_DIRECTORY, at: folder.raw)
        reference = specification.reference
    }

    package func walk(_ bounds: TreeWalk.Bounds) throws(SandboxError) -> TreeWalk {
        do throws(SystemError) {
            return try TreeWalk(over: directory.raw, bounds)
        } catch {
            throw SandboxError("reading what \(reference) left in \(place.rawValue): \(error)")
        }
    }
}

/// A path of ours, as the directory that something is in and its name there.
struct PathParts {
    let parent: String
    let name: String

    init(_ path: String) {
        let parts = path.split(separator: "/")
        parent = "/" + parts.dropLast().joined(separator: "/")
        name = parts.last.map(String.init) ?? "."
    }
}
