import Testing

@testable import Launcher

@Suite struct ScriptsContentTests {
    @Test(arguments: [
        ("a", "b", true), ("a", "./lib/b", true), ("lib/a", "../b", true), ("lib/a", "../lib/../b", true),
        ("a", "../b", false), ("lib/a", "../../b", false), ("lib/a", "../../lib/b", false), ("a", "/etc/passwd", false),
        ("a", "", false), ("a", "lib/../../b", false), ("venv/bin/python", "/usr/bin/python3", true),
        ("a", "/usr/../etc/passwd", false),
    ])
    func knowsLinksThatLeadOut(key: String, target: String, isFollowed: Bool) {
        #expect(ScriptsContent.canBeFollowed(key, target) == isFollowed)
    }
}
