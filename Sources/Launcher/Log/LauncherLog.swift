import Glibc

/// What the Launcher tells its administrator: a line for each happening, on standard error, in logfmt.
package enum LauncherLog {
    package enum Level: String {
        case info, warning, error
    }

    package static func write(_ level: Level = .info, _ message: String, _ fields: (String, String)...) {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        var stamp = [CChar](repeating: 0, count: 32)
        strftime(&stamp, stamp.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        let length = stamp.firstIndex(of: 0) ?? 0
        let text = String(decoding: stamp[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let rest = fields.map { " \($0.0)=\(quoted($0.1))" }.joined()
        let line = Array("\(text) level=\(level.rawValue) msg=\(quoted(message))\(rest)\n".utf8)
        _ = Glibc.write(2, line, line.count)
    }

    private static func quoted(_ text: String) -> String {
        let plain = text.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=")
        }
        if plain && !text.isEmpty { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f: result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
