package import Configuration

/// One thing that the Launcher tells its administrator, and the forms in which it does. Pure.
package struct LogEntry: Sendable {
    /// Milliseconds since the epoch.
    package var time: Int64
    package var level: LauncherLog.Level
    package var message: String
    package var fields: [(name: String, value: String)]

    package init(
        time: Int64, level: LauncherLog.Level, message: String, fields: [(name: String, value: String)]
    ) {
        self.time = time
        self.level = level
        self.message = message
        self.fields = fields
    }

    /// A line of this form, with its end.
    package func line(_ format: LogSettings.Format) -> String {
        switch format {
        case .text: "\(timestamp(milliseconds: false)) level=\(level.rawValue) msg=\(Self.quoted(message))\(pairs)\n"
        case .json: json + "\n"
        }
    }

    private var pairs: String { fields.map { " \($0.name)=\(Self.quoted($0.value))" }.joined() }

    private var json: String {
        let head = [("time", timestamp(milliseconds: true)), ("level", level.rawValue), ("msg", message)]
        let members = (head + fields.map { ($0.name, $0.value) }).map {
            "\(Self.jsonString($0.0)):\(Self.jsonString($0.1))"
        }
        return "{\(members.joined(separator: ","))}"
    }

    // MARK: The journal

    /// What a datagram of the journal's native protocol holds (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/). Each field has a
    /// name in capitals with ALTP_ before it; what belongs to an attempt can be asked for by its Processing and its Script too.
    package func journal(_ format: LogSettings.Format) -> [UInt8] {
        var bytes: [UInt8] = []
        let text = format == .json ? json : message + pairs
        Self.append("MESSAGE", text, to: &bytes)
        Self.append("PRIORITY", priority, to: &bytes)
        Self.append("SYSLOG_IDENTIFIER", "altp-launcher", to: &bytes)
        var named: Set<String> = []
        func add(_ name: String, _ value: String) {
            let name = Self.journalName(name)
            guard named.insert(name).inserted else { return }
            Self.append(name, value, to: &bytes)
        }
        for field in fields { add(field.name, field.value) }
        if let attempt = fields.first(where: { $0.name == "attempt" })?.value,
            let slash = attempt.firstIndex(of: "/"), Int64(attempt[..<slash]) != nil
        {
            add("processing", String(attempt[..<slash]))
            add("script", String(attempt[attempt.index(after: slash)...].prefix { $0 != "#" }))
        }
        return bytes
    }

    /// syslog(3)'s.
    private var priority: String {
        switch level {
        case .info: "6"
        case .warning: "4"
        case .error: "3"
        }
    }

    /// Letters in capitals, digits and underscores, at most 64 of them: others are refused.
    static func journalName(_ name: String) -> String {
        let allowed = name.uppercased().unicodeScalars.map { scalar in
            ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
        }
        return "ALTP_" + String(allowed.prefix(59))
    }

    private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes += name.utf8
        let value = Array(value.utf8)
        if value.contains(0x0A) {
            // A value with newlines comes with its size, as 64 bits with the least first.
            bytes.append(0x0A)
            withUnsafeBytes(of: UInt64(value.count).littleEndian) { bytes += $0 }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value
        bytes.append(0x0A)
    }

    // MARK: Text

    private func timestamp(milliseconds: Bool) -> String {
        let seconds = Int64((Double(time) / 1000).rounded(.down))
        let days = Int((Double(seconds) / 86_400).rounded(.down))
        let rest = Int(seconds) - days * 86_400
        let date = Self.date(daysSinceEpoch: days)
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
        let clock = "\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
        let fraction = milliseconds ? ".\(padded(Int(time - seconds * 1000), 3))" : ""
        return "\(day)T\(clock)\(fraction)Z"
    }

    /// Of the proleptic Gregorian calendar: years are counted from March, so that leap days come last.
    private static func date(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let civilMonth = month < 10 ? month + 3 : month - 9
        return (yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0), civilMonth, dayOfYear - (153 * month + 2) / 5 + 1)
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
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value): result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// RFC 8259, section 7.
    private static func jsonString(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
