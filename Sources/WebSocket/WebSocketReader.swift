/// Reads what the other end of a WebSocket connection sends (RFC 6455, section 5): bytes go in as they come, messages come out
/// whole.
///
/// The other end may be hostile. Nothing is kept beyond one message's limit and one frame's header, whatever lengths it
/// announces, and after the first violation nothing is read any more.
package struct WebSocketReader: Sendable {
    package enum Event: Sendable, Hashable {
        case text(String)
        case binary([UInt8])
        /// Wants a pong with the same payload.
        case ping([UInt8])
        case pong([UInt8])
        /// The last one: the other end sends nothing more. Wants a close frame in return, unless one was sent.
        case close(WebSocketCode?, reason: String)
        /// The last one: the connection is to be closed, with this code.
        case violation(WebSocketCode, String)
    }

    /// Bytes of a message that fragments and lengths may add up to.
    package struct Limits: Sendable {
        package var text: Int
        package var binary: Int

        package init(text: Int, binary: Int) {
            self.text = text
            self.binary = binary
        }
    }

    private struct Header {
        var opcode: Opcode
        var isFinal: Bool
        var mask: [UInt8]?
    }

    private struct Violation: Error {
        var code: WebSocketCode
        var text: String
    }

    private enum State {
        case header
        case payload(Header, remaining: Int)
        case ended
    }

    private let sender: WebSocketRole
    private let limits: Limits
    private var state = State.header
    /// A header's bytes so far.
    private var head: [UInt8] = []
    /// Bytes of the frame's payload that came before, for the mask.
    private var position = 0
    /// The message under way: its kind, and what its fragments have brought.
    private var kind: Opcode?
    private var message: [UInt8] = []
    /// A control frame's payload, which may come between a message's fragments.
    private var control: [UInt8] = []

    /// - Parameter sender: whose bytes these are.
    package init(from sender: WebSocketRole, limits: Limits) {
        self.sender = sender
        self.limits = limits
    }

    /// Takes what came.
    package mutating func feed(_ bytes: some Collection<UInt8>) -> [Event] {
        var events: [Event] = []
        Array(bytes).withUnsafeBytes { feed($0, &events) }
        return events
    }

    private mutating func feed(_ bytes: UnsafeRawBufferPointer, _ events: inout [Event]) {
        var rest = bytes[...]
        do throws(Violation) {
            while true {
                switch state {
                case .ended: return
                case .header:
                    guard let byte = rest.popFirst() else { return }
                    head.append(byte)
                    guard head.count >= 2, head.count == Self.length(ofHeader: head) else { continue }
                    try begin()
                case .payload(let header, let remaining):
                    // A frame without payload ends at once.
                    if remaining > 0, rest.isEmpty { return }
                    let count = min(remaining, rest.count)
                    take(UnsafeRawBufferPointer(rebasing: rest.prefix(count)), header)
                    rest = rest.dropFirst(count)
                    state = .payload(header, remaining: remaining - count)
                    if remaining == count { try finish(header, &events) }
                }
            }
        } catch {
            state = .ended
            (head, message, control) = ([], [], [])
            events.append(.violation(error.code, error.text))
        }
    }

    /// - Precondition: its first two bytes are there.
    private static func length(ofHeader head: [UInt8]) -> Int {
        let extended =
            switch head[1] & 0x7F {
            case 126: 2
            case 127: 8
            default: 0
            }
        return 2 + extended + (head[1] & 0x80 == 0 ? 0 : 4)
    }

    /// A header is whole: refuses what must not come now, before any of its payload is kept.
    private mutating func begin() throws(Violation) {
        let first = head[0]
        guard first & 0x70 == 0 else { throw Self.wrong("reserved bits are set, and no extension was agreed on") }
        guard let opcode = Opcode(rawValue: first & 0x0F) else {
            throw Self.wrong("opcode \(first & 0x0F) is reserved")
        }
        let isFinal = first & 0x80 != 0
        let isMasked = head[1] & 0x80 != 0
        switch (sender, isMasked) {
        case (.client, false): throw Self.wrong("a client's frame must be masked")
        case (.server, true): throw Self.wrong("a server's frame must not be masked")
        default: break
        }
        let length = try payloadLength()
        if opcode.isControl {
            guard isFinal else { throw Self.wrong("a control frame must not be fragmented") }
            guard length <= 125 else { throw Self.wrong("a control frame's payload is longer than 125 bytes") }
        } else {
            try beginData(opcode, length)
        }
        state = .payload(
            Header(opcode: opcode, isFinal: isFinal, mask: isMasked ? Array(head.suffix(4)) : nil),
            remaining: Int(length))
        position = 0
        head.removeAll(keepingCapacity: true)
    }

    private func payloadLength() throws(Violation) -> UInt64 {
        let short = head[1] & 0x7F
        guard short >= 126 else { return UInt64(short) }
        let length = head[2..<(short == 126 ? 4 : 10)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length >> 63 == 0 else { throw Self.wrong("a frame's length has its highest bit set") }
        guard length >= (short == 126 ? 126 : 1 << 16) else {
            throw Self.wrong("a frame's length is written longer than it needs to be")
        }
        return length
    }

    private mutating func beginData(_ opcode: Opcode, _ length: UInt64) throws(Violation) {
        switch (opcode, kind) {
        case (.continuation, nil): throw Self.wrong("there is no message to continue")
        case (.continuation, _?): break
        case (_, _?): throw Self.wrong("a message begins before the one before it has ended")
        case (_, nil): kind = opcode
        }
        let limit = kind == .text ? limits.text : limits.binary
        guard length <= UInt64(limit - message.count) else {
            throw Violation(code: .tooBig, text: "a message is longer than \(limit) bytes")
        }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer, _ header: Header) {
        let isControl = header.opcode.isControl
        let start = isControl ? control.count : message.count
        if isControl { control.append(contentsOf: bytes) } else { message.append(contentsOf: bytes) }
        if let mask = header.mask {
            if isControl {
                control.apply(mask, from: start, at: position)
            } else {
                message.apply(mask, from: start, at: position)
            }
        }
        position += bytes.count
    }

    /// A frame is whole.
    private mutating func finish(_ header: Header, _ events: inout [Event]) throws(Violation) {
        state = .header
        guard !header.opcode.isControl else {
            let payload = control
            control = []
            switch header.opcode {
            case .ping: events.append(.ping(payload))
            case .pong: events.append(.pong(payload))
            default:
                events.append(try Self.close(payload))
                state = .ended
                message = []
            }
            return
        }
        guard header.isFinal, let kind else { return }
        let payload = message
        message = []
        self.kind = nil
        guard kind == .text else { return events.append(.binary(payload)) }
        guard let text = String(validating: payload, as: UTF8.self) else {
            throw Violation(code: .notUTF8, text: "a text is not UTF-8")
        }
        events.append(.text(text))
    }

    private static func close(_ payload: [UInt8]) throws(Violation) -> Event {
        guard !payload.isEmpty else { return .close(nil, reason: "") }
        guard payload.count >= 2 else { throw wrong("a close frame's code is cut off") }
        let code = WebSocketCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.mayBeSent else { throw wrong("a close frame's code \(code.rawValue) is not one to send") }
        guard let reason = String(validating: payload.dropFirst(2), as: UTF8.self) else {
            throw Violation(code: .notUTF8, text: "a close frame's reason is not UTF-8")
        }
        return .close(code, reason: reason)
    }

    private static func wrong(_ text: String) -> Violation { Violation(code: .protocolError, text: text) }
}
