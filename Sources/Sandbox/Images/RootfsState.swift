package import Configuration

/// Whether sandboxes can have a rootfs as its definition says it.
package enum RootfsState: String, Sendable, Codable {
    /// Needs no image, or has the one of its definition.
    case ready
    /// Its image is still to be built or imported.
    case missing
    /// Its definition has changed since its image was made.
    case changed
    /// Has an image and no definition any more.
    case orphaned

    /// - Parameter definition: nil for an image without one.
    package init(_ definition: RootfsDefinition?, _ image: StoredImage?) {
        switch definition?.source {
        case nil: self = .orphaned
        case .host, .directory: self = .ready
        case let source?: self = image.map { $0.record.source == source ? .ready : .changed } ?? .missing
        }
    }
}

extension RootfsDefinition.Source {
    /// `host`, `directory`, `build` or `import`; and the directory, the packages or the container image.
    package var words: (kind: String, source: String) {
        switch self {
        case .host: ("host", "the host's own /usr")
        case .directory(let path): ("directory", path)
        case .build(let build):
            (
                "build",
                ([build.suite, build.variant.rawValue].compactMap { $0 } + build.packages).joined(separator: " ")
            )
        case .imported(let image): ("import", image.description)
        }
    }
}
