/// Reads a rootfs definition.
struct RootfsReader {
    let findings: Findings

    private static let sources = ["directory", "build", "import"]

    func rootfs(_ root: YAMLNode?, name: String) -> RootfsDefinition? {
        guard let root else {
            findings.report("the file is empty; a rootfs has one of \(Self.sources.joined(separator: ", "))")
            return nil
        }
        guard name != "host" else {
            findings.report("\"host\" is the host's own /usr and has no file; choose another name")
            return nil
        }
        guard let reader = MappingReader(root, "a rootfs", keys: ["description"] + Self.sources, findings) else {
            return nil
        }
        let given = Self.sources.filter(reader.has)
        if given.isEmpty {
            findings.report(
                root,
                "missing key: a rootfs has a `directory` that holds a whole root file system, a `build` of Debian packages, "
                    + "or an `import` of a container image")
        } else if given.count > 1, let second = reader.value(given[1]) {
            findings.report(second, "\(given[1]): the rootfs has a \(given[0]) already; it can have one source")
        }
        guard let source = source(reader) else { return nil }
        return RootfsDefinition(name: name, description: reader.string("description"), source: source)
    }

    private func source(_ reader: MappingReader) -> RootfsDefinition.Source? {
        if reader.has("directory") { return reader.folder("directory").map { .directory($0) } }
        if let value = reader.value("build") { return build(value).map { .build($0) } }
        guard let value = reader.value("import"), let text = reader.string("import") else { return nil }
        // Relative to nothing that would still be the same tomorrow.
        guard let image = ContainerImage(parsing: text), text.contains(":/") else {
            findings.report(
                value,
                "import: expected \(ContainerImage.expectation), with an absolute path; got \(value.kind)")
            return nil
        }
        return .imported(image)
    }

    private func build(_ node: YAMLNode) -> RootfsBuild? {
        let keys = ["suite", "packages", "variant", "mirror"]
        guard let reader = MappingReader(node, "a build", keys: keys, findings) else { return nil }
        var build = RootfsBuild()
        build.suite = checked("suite", reader, "a release's code name such as bookworm", Self.isSuite)
        build.mirror = checked("mirror", reader, "a URL that begins with http://, https:// or file:///", Self.isMirror)
        build.variant = reader.choice("variant") ?? build.variant
        for item in reader.list("packages", "a list of Debian packages") ?? [] {
            if let package = item.text, Self.isPackage(package) {
                build.packages.append(package)
            } else {
                findings.report(item, "packages: expected the name of a Debian package; got \(item.kind)")
            }
        }
        return build
    }

    private func checked(
        _ key: String, _ reader: MappingReader, _ expected: String, _ isGood: (String) -> Bool
    ) -> String? {
        guard let value = reader.value(key), let text = reader.string(key) else { return nil }
        if isGood(text) { return text }
        findings.report(value, "\(key): expected \(expected); got \(value.kind)")
        return nil
    }

    // These become arguments of mmdebstrap, and some of them of apt and of a shell that it starts.

    private static func isSuite(_ text: String) -> Bool { isWord(text, more: "-./") }

    /// As Debian's policy has it, with an architecture or a version if need be.
    private static func isPackage(_ text: String) -> Bool { isWord(text, more: "+-.:=~") }

    private static func isWord(_ text: String, more: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count < 256 else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || more.utf8.contains($0) }
    }

    private static func isMirror(_ text: String) -> Bool {
        ["http://", "https://", "file:///"].contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
