import FoundationEssentials

/// A message as RFC 5322 has it: plain text in UTF-8.
package struct MailMessage: Sendable, Hashable {
    package var from: String?
    package var to: [String]
    package var subject: String
    /// Without the angle brackets; the same at every try.
    package var id: String
    /// Milliseconds since the epoch.
    package var date: Int64
    package var lines: [String]

    package init(from: String?, to: [String], subject: String, id: String, date: Int64, lines: [String]) {
        self.from = from
        self.to = to
        self.subject = subject
        self.id = id
        self.date = date
        self.lines = lines
    }

    /// Line feeds end the lines, as sendmail(8) takes them on its standard input.
    package var text: String {
        var headers: [String] = []
        if let from { headers.append("From: \(from)") }
        headers.append("To: \(to.joined(separator: ",\n "))")
        headers.append("Subject: \(Self.header(subject))")
        headers.append("Date: \(Self.date(date))")
        headers.append("Message-ID: <\(id)>")
        // So that nobody's absence is reported to us (RFC 3834).
        headers += ["Auto-Submitted: auto-generated", "MIME-Version: 1.0"]
        headers += ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: base64"]
        let body = Data((lines.map(Self.oneLine).joined(separator: "\r\n") + "\r\n").utf8)
            .base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        return headers.joined(separator: "\n") + "\n\n" + body + "\n"
    }

    /// What Scripts have a word in breaks no line and forges no header.
    static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .lineSeparator, .paragraphSeparator, .format: " "
                    default: scalar
                    }
                }))
    }

    /// Encoded words of RFC 2047 where it is no plain ASCII, each short enough for a line and of whole characters.
    static func header(_ text: String) -> String {
        let line = oneLine(text)
        if line.utf8.allSatisfy({ $0 < 0x7F }), line.utf8.count <= 200, !line.contains("=?") { return line }
        var words: [String] = []
        var word: [UInt8] = []
        for scalar in line.unicodeScalars.prefix(500) {
            let bytes = Array(String(scalar).utf8)
            if word.count + bytes.count > 42 {
                words.append(encoded(word))
                word = []
            }
            word += bytes
        }
        words.append(encoded(word))
        return words.joined(separator: "\n ")
    }

    private static func encoded(_ bytes: [UInt8]) -> String { "=?utf-8?B?\(Data(bytes).base64EncodedString())?=" }

    /// `Tue, 1 Dec 2026 08:30:00 +0000`
    static func date(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let days = seconds / 86_400
        let rest = Int(seconds % 86_400)
        // Days since the epoch, a Thursday; years begin in March, so that the leap day is the last one.
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb"]
        let shifted = Int(days) + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let year = era * 400 + yearOfEra + (month >= 10 ? 1 : 0)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(names[Int(days % 7)]), \(day) \(months[month]) \(year) "
            + "\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60)) +0000"
    }
}
