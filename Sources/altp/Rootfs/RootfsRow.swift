import Command
import Configuration
import Sandbox
import Wire

/// A rootfs as `altp rootfs list` and `show` tell of it.
struct RootfsRow: Codable {
    var name: String
    var description: String?
    /// `host`, `directory`, `build` or `import`.
    var kind: String
    /// The directory, the packages or the container image.
    var source: String
    var state: RootfsState
    /// Bytes on the disk.
    var size: Int64?
    var madeAt: Timestamp?
    var suite: String?
    /// The image's file system on the host.
    var path: String?
    /// How many replaced images running sandboxes still use.
    var formerVersions: Int?
    /// Of an imported image, how its makers meant it to run.
    var environment: [String]?
    var workingDirectory: String?

    enum CodingKeys: String, CodingKey {
        case name, description, kind, source, state, size, suite, path, environment
        case madeAt = "made_at"
        case formerVersions = "former_versions"
        case workingDirectory = "working_directory"
    }

    /// - Parameter definition: nil for an image without one.
    init(_ name: String, _ definition: RootfsDefinition?, _ image: StoredImage?, formerVersions: Int) {
        self.name = name
        description = definition?.description
        let origin = definition?.source ?? image?.record.source ?? .host
        (kind, source) = origin.words
        state = RootfsState(definition, image)
        if case .directory(let directory) = origin { path = directory }
        guard let image else { return }
        size = image.record.size
        madeAt = Timestamp(milliseconds: image.record.madeAt)
        suite = image.record.suite
        path = image.root
        if formerVersions > 0 { self.formerVersions = formerVersions }
        if case .imported = image.record.source {
            environment = image.record.environment
            workingDirectory = image.record.workingDirectory
        }
    }

    /// All of a host, in order.
    static func all(_ folder: HostFolder, _ store: ImageStore) throws(SandboxError) -> [RootfsRow] {
        var rows = [RootfsRow("host", RootfsDefinition(name: "host", source: .host), nil, formerVersions: 0)]
        for name in Set(folder.rootfs.keys).union(store.names()).sorted() {
            rows.append(
                RootfsRow(
                    name, folder.rootfs[name], try store.image(name), formerVersions: store.formerVersions(of: name)))
        }
        return rows
    }
}

extension RootfsDefinition.Source {
    var isImage: Bool {
        switch self {
        case .host, .directory: false
        case .build, .imported: true
        }
    }
}
