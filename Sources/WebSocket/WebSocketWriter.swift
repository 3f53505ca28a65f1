/// What a frame is (RFC 6455, section 5.2).
enum Opcode: UInt8, Sendable {
    case continuation = 0
    case text = 1
    case binary = 2
    case close = 8
    case ping = 9
    case pong = 10

    var isControl: Bool { rawValue >= 8 }
}

/// Makes the frames that one end of a WebSocket connection sends, a message in one frame each.
package struct WebSocketWriter: Sendable {
    private let role: WebSocketRole

    package init(as role: WebSocketRole) { self.role = role }

    package func text(_ text: String) -> [UInt8] { frame(.text, Array(text.utf8)) }

    package func binary(_ payload: [UInt8]) -> [UInt8] { frame(.binary, payload) }

    /// - Precondition: at most 125 bytes, as those of a ping are.
    package func pong(_ payload: [UInt8]) -> [UInt8] { frame(.pong, payload) }

    /// The last frame to send. A reason that is too long for it is cut.
    package func close(_ code: WebSocketCode, _ reason: String = "") -> [UInt8] {
        var text = reason
        while text.utf8.count > 123 { text.removeLast() }
        return frame(.close, [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)] + text.utf8)
    }

    private func frame(_ opcode: Opcode, _ payload: [UInt8]) -> [UInt8] {
        // Not to be foreseen by what the payload comes from (section 5.3).
        frame(opcode, payload, mask: role == .client ? UInt32.random(in: .min ... .max) : nil)
    }

    func frame(_ opcode: Opcode, _ payload: [UInt8], mask: UInt32?) -> [UInt8] {
        var bytes: [UInt8] = [0x80 | opcode.rawValue]
        bytes.reserveCapacity(payload.count + 14)
        let bit: UInt8 = mask == nil ? 0 : 0x80
        switch payload.count {
        case ..<126: bytes.append(bit | UInt8(payload.count))
        case ..<(1 << 16):
            bytes.append(bit | 126)
            bytes.append(bigEndian: UInt16(payload.count))
        default:
            bytes.append(bit | 127)
            bytes.append(bigEndian: UInt64(payload.count))
        }
        if let mask { bytes.append(bigEndian: mask) }
        let start = bytes.count
        bytes += payload
        if mask != nil { bytes.apply(Array(bytes[start - 4..<start]), from: start, at: 0) }
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    /// Masks or unmasks, which is the same (section 5.3).
    ///
    /// - Parameters:
    ///   - start: the first byte of this array to mask.
    ///   - position: that byte's place in the frame's payload.
    mutating func apply(_ mask: [UInt8], from start: Int, at position: Int) {
        withUnsafeMutableBufferPointer { bytes in
            mask.withUnsafeBufferPointer { mask in
                for index in start..<bytes.count { bytes[index] ^= mask[(position + index - start) & 3] }
            }
        }
    }
}
