/// The file system that a sandbox sees: `rootfs/NAME.yaml`. `host` needs no file.
package struct RootfsDefinition: Sendable, Hashable, Codable {
    package var name: String
    package var description: String?
    package var source: Source

    package enum Source: Sendable, Hashable, Codable {
        /// The host's own `/usr`, read-only.
        case host
        /// A directory that holds a whole root file system.
        case directory(String)
        /// An image of Debian packages, made by `altp rootfs build`.
        case build(RootfsBuild)
        /// An image of a container image, made by `altp rootfs import`.
        case imported(ContainerImage)
    }

    package init(name: String, description: String? = nil, source: Source) {
        self.name = name
        self.description = description
        self.source = source
    }
}

/// What a rootfs may be called.
package enum RootfsName {
    package static let rule = Names.rule
    package static func isValid(_ name: String) -> Bool { Names.isValid(name) }
}

/// What mmdebstrap makes an image of.
package struct RootfsBuild: Sendable, Hashable, Codable {
    /// Debian's code name; nil for the host's.
    package var suite: String?
    package var packages: [String]
    package var variant: Variant
    /// A URL of a package archive; nil for the host's own apt sources.
    package var mirror: String?

    /// Which packages come beside those that are named: see mmdebstrap(1).
    package enum Variant: String, Sendable, Hashable, Codable, CaseIterable {
        /// The essential ones alone, without apt.
        case essential
        /// Essential ones and apt.
        case apt
        /// Those of priority required, and apt.
        case minbase
        /// Those of priority important too.
        case standard
    }

    package init(
        suite: String? = nil, packages: [String] = [], variant: Variant = .minbase, mirror: String? = nil
    ) {
        self.suite = suite
        self.packages = packages
        self.variant = variant
        self.mirror = mirror
    }
}

/// A container image in a file or folder of this host: `oci:PATH[:TAG]`, as skopeo writes it.
package struct ContainerImage: Sendable, Hashable, CustomStringConvertible {
    package enum Transport: String, Sendable, Hashable, CaseIterable {
        case oci
        case ociArchive = "oci-archive"
        case dockerArchive = "docker-archive"
    }

    package var transport: Transport
    /// Absolute.
    package var path: String
    /// Which of the images there, `TAG` or `NAME:TAG`; nil for the only one.
    package var reference: String?

    package var description: String { "\(transport.rawValue):\(path)\(reference.map { ":\($0)" } ?? "")" }

    /// Reads what `description` gives; a relative path is one from the working directory.
    ///
    /// - Returns: nil for another transport, or without a path.
    package init?(parsing text: String) {
        guard let colon = text.firstIndex(of: ":"), let transport = Transport(rawValue: String(text[..<colon])) else {
            return nil
        }
        // After the path's own colon there may be more, in NAME:TAG.
        let parts = text[text.index(after: colon)...].split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        guard let path = parts.first, !path.isEmpty, parts.last?.isEmpty == false, isPlain else { return nil }
        self.transport = transport
        self.path = ConfigurationFile.absolute(String(path))
        reference = parts.count > 1 ? String(parts[1]) : nil
    }

    package static let expectation = "oci:PATH[:TAG], oci-archive:PATH[:TAG] or docker-archive:PATH[:NAME:TAG]"
}
