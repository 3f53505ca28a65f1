/// Colours and weights, when the output is a terminal that wants them; otherwise text stays as it is.
package struct Style: Sendable, Hashable {
    package enum Face: String, Sendable {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
    }

    package var isOn: Bool

    package init(isOn: Bool) { self.isOn = isOn }

    package func callAsFunction(_ text: String, _ face: Face?) -> String {
        guard isOn, let face, !text.isEmpty else { return text }
        return "\u{1B}[\(face.rawValue)m\(text)\u{1B}[0m"
    }
}
