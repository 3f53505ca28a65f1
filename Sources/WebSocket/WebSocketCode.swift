/// Why a WebSocket connection ends (RFC 6455, section 7.4.1): the number that its close frame carries.
package struct WebSocketCode: RawRepresentable, Sendable, Hashable {
    package var rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let normal = WebSocketCode(rawValue: 1000)
    /// The server stops.
    package static let goingAway = WebSocketCode(rawValue: 1001)
    package static let protocolError = WebSocketCode(rawValue: 1002)
    package static let notUTF8 = WebSocketCode(rawValue: 1007)
    /// A message that is well formed and not allowed.
    package static let policyViolation = WebSocketCode(rawValue: 1008)
    package static let tooBig = WebSocketCode(rawValue: 1009)
    package static let internalError = WebSocketCode(rawValue: 1011)

    /// Whether it may stand in a close frame. Some numbers are only for talking of frames that did not come (1005, 1006, 1015),
    /// others are nobody's yet.
    var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

/// Which end of the connection something is.
package enum WebSocketRole: Sendable, Hashable {
    /// Masks what it sends.
    case client
    case server
}
