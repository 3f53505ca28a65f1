import FoundationEssentials
import Glibc
import Testing

@testable import Configuration

@Suite struct RootfsTests {
    private func definition(_ content: String) throws -> RootfsDefinition {
        let folder = try TestFolder(["altp.yaml": "", "rootfs/r.yaml": content])
        return try #require(try HostFolder.load(folder.path).rootfs["r"])
    }

    @Test func readsEverySource() throws {
        #expect(try definition("directory: /srv/r\n").source == .directory("/srv/r"))
        #expect(try definition("build: {}\n").source == .build(RootfsBuild()))
        #expect(
            try definition(
                """
                description: For scenes
                build:
                  suite: bookworm
                  packages: [python3, libc6:amd64, g++]
                  variant: apt
                  mirror: http://192.0.2.1/debian
                """)
                == RootfsDefinition(
                    name: "r", description: "For scenes",
                    source: .build(
                        RootfsBuild(
                            suite: "bookworm", packages: ["python3", "libc6:amd64", "g++"], variant: .apt,
                            mirror: "http://192.0.2.1/debian"))))
        let image = try #require(ContainerImage(parsing: "docker-archive:/srv/a.tar:gdal:3.6"))
        #expect(image.transport == .dockerArchive)
        #expect(image.path == "/srv/a.tar")
        #expect(image.reference == "gdal:3.6")
        #expect(try definition("import: \"docker-archive:/srv/a.tar:gdal:3.6\"\n").source == .imported(image))
    }

    @Test(arguments: ["oci:/srv/a", "oci:/srv/a:latest", "oci-archive:/a b.tar", "docker-archive:/a.tar:n:t"])
    func readsTheContainerImageThatItWrote(_ text: String) {
        #expect(ContainerImage(parsing: text)?.description == text)
    }

    @Test(arguments: ["", "oci", "oci:", "oci:/a:", "docker:/a", "dir:/a", "oci:/a\n", ":/a"])
    func refusesWhatIsNoContainerImage(_ text: String) { #expect(ContainerImage(parsing: text) == nil) }

    @Test(arguments: [
        RootfsDefinition.Source.host, .directory("/srv/r"), .build(RootfsBuild(suite: "trixie", packages: ["a"])),
        .imported(ContainerImage(parsing: "oci:/srv/a:b")!),
    ])
    func readsTheSourceThatItWrote(_ source: RootfsDefinition.Source) throws {
        let bytes = try JSONEncoder().encode([source])
        #expect(try JSONDecoder().decode([RootfsDefinition.Source].self, from: bytes) == [source])
    }

    @Test(arguments: ["minimal", "python-geo"])
    func shipsWhatTheFolderOfTheSourcesHas(_ name: String) throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = try String(contentsOfFile: "/\(root)/rootfs/\(name).yaml", encoding: .utf8)
        #expect(HostFolderTemplate.files.first { $0.path == "rootfs/\(name).yaml" }?.content == file)
    }
}
