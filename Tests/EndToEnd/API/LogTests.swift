import FoundationEssentials
import Glibc
import Testing
import Wire

/// What the Launcher says of itself, in the form that is asked for.
extension EndToEnd {
    @Suite struct LauncherLogTests {
        private static let files = ["tasks/fail.yaml": "policy: small\nscripts: [{name: only, run: \"exit 3\"}]\n"]

        private struct Line: Decodable {
            var time: String
            var level: String
            var msg: String
            var attempt: String?
            var outcome: String?
        }

        private func lines(_ log: String) throws -> [Line] {
            try log.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
        }

        @Test func everyLineIsAnObjectWhenJSONIsAskedFor() throws {
            try withHost(Self.files, settings: ["log: {format: json}"]) { host in
                let id = try host.complete("fail").id
                let lines = try lines(host.log)
                #expect(lines.contains { $0.msg == "Launcher is ready" && $0.level == "info" })
                #expect(
                    lines.contains {
                        $0.msg == "Script ended" && $0.attempt == "\(id)/only#1" && $0.outcome == "hard"
                            && $0.level == "warning"
                    })
                #expect(lines.allSatisfy { $0.time.count == 24 && $0.time.hasSuffix("Z") })
            }
        }

        @Test func aReloadTakesLevelAndFormat() throws {
            try withHost(Self.files) { host in
                _ = try host.complete("fail")
                #expect(host.log.contains("level=info msg=\"Script starts\""))
                let path = "\(host.configuration)/altp.yaml"
                let settings = try String(contentsOfFile: path, encoding: .utf8)
                try host.write("altp.yaml", settings + "log: {format: json, level: warning}\n")
                try host.altp("task", "reload")
                let before = host.log.utf8.count
                _ = try host.complete("fail")
                let added = String(decoding: host.log.utf8.dropFirst(before), as: UTF8.self)
                let lines = try lines(added)
                #expect(lines.contains { $0.msg == "Script ended" })
                #expect(lines.allSatisfy { $0.level == "warning" })
            }
        }
    }
}
