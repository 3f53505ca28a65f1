import Testing

@testable import Launcher

@Suite struct ScriptsContentTests {
    @Test(arguments: [
        ("a", "b", true), ("a", "./lib/b", true), ("lib/a", "../b", true), ("lib/a", "../lib/../b", true),
        ("a", "../b", false), ("lib/a", "../../b", false), ("lib/a", "../../lib/b", false), ("a", "/etc/passwd", false),
        ("a", "", false), ("a", "lib/../../b", false),
    ])
    func knowsLinksThatLeadOut(key: String, target: String, isInside: Bool) {
        #expect(ScriptsContent.staysInside(key, target) == isInside)
    }
}
