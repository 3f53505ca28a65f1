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

    package init(of attempt: AttemptDirectory) throws(SandboxError) {
        specification = try attempt.readSpecification()
        do throws(SystemError) {
            switch specification.storage {
            case .directories: trees = try Self.directories(specification, attempt)
            case .images: trees = try Self.images(specification, attempt)
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
        if let shared = specification.processingDirectory {
            let processing = try FileDescriptor.openWithoutLinks(shared, O_RDONLY | O_DIRECTORY)
            trees.append(PreservedTree(.processing, of: specification, processing))
        }
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
        if let path = specification.processingDirectory {
            let shared = try DetachedImage.open(ImageFolder(path: path).image, patience: patience)
            trees.append(try PreservedTree(.processing, of: specification, "files", at: shared))
        }
        if specification.policy.rootfs != "host" {
            trees.append(try PreservedTree(.root, of: specification, "upper", at: own))
        }
        return trees
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
    /// For errors.
    private let reference: String

    init(_ place: Place, of specification: SandboxSpecification, _ directory: consuming FileDescriptor) {
        self.place = place
        self.directory = directory
        reference = specification.reference
    }

    convenience init(
        _ place: Place, of specification: SandboxSpecification, _ name: String, at folder: borrowing FileDescriptor
    ) throws(SystemError) {
        self.init(
            place, of: specification, try FileDescriptor.openWithoutLinks(name, O_RDONLY | O_DIRECTORY, at: folder.raw))
    }

    package func walk(_ bounds: TreeWalk.Bounds) throws(SandboxError) -> TreeWalk {
        do throws(SystemError) {
            return try TreeWalk(over: directory.raw, bounds)
        } catch {
            throw SandboxError("reading what \(reference) left in \(place.rawValue): \(error)")
        }
    }
}
