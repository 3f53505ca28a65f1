import Testing

@testable import Sandbox

@Suite struct ArchiveFileTests {
    @Test func isATarEntry() {
        let bytes = ArchiveFile("bundle.json", .file(Array("abc".utf8)), mode: 0o600, owner: 1_879_048_192).bytes
        #expect(bytes.count == 1024)
        #expect(Array(bytes[512..<515]) == Array("abc".utf8))
        // The number itself, for it has more than seven octal digits.
        #expect(Array(bytes[108..<116]) == [0x80, 0, 0, 0, 0x70, 0, 0, 0])
        #expect(Array(bytes[124..<136]) == Array("00000000003".utf8) + [0])
        var header = Array(bytes[..<512])
        let sum = String(decoding: header[148..<154], as: UTF8.self)
        header.replaceSubrange(148..<156, with: Array(repeating: 0x20, count: 8))
        #expect(Int(sum, radix: 8) == header.reduce(0) { $0 + Int($1) })
    }

    @Test(
        arguments: [
            ("bundle.json", 10, 3), ("bundle.json", 2, nil), ("other", 10, nil), ("bundle.jso", 10, nil),
        ] as [(String, Int, Int?)])
    func isFound(_ name: String, _ limit: Int, _ length: Int?) {
        let bytes = ArchiveFile("bundle.json", .file(Array("abc".utf8))).bytes
        #expect(ArchiveFile.length(of: name, header: Array(bytes[..<512]), limit: limit) == length)
        #expect(ArchiveFile.length(of: name, header: Array(bytes[..<511]), limit: limit) == nil)
    }
}
