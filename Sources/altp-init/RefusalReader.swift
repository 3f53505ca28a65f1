import CLinux
import Glibc
import SandboxPlan

/// Reads the sets in which the ruleset counts what it refuses, over netlink (nfnetlink, NFT_MSG_GETSETELEM).
///
/// Not with nft: the host's files are out of sight by then.
struct RefusalReader {
    private let socket: Int32

    init(socket: Int32) { self.socket = socket }

    /// Opened while pid 1 has all its capabilities: the kernel asks for the socket's too.
    static func socket() -> Int32 {
        Glibc.socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), altp_netlink_netfilter)
    }

    func read() -> [InitReport.Refusal] {
        var refusals: [InitReport.Refusal] = []
        for (set, family, size) in [(RefusalSets.ipv4, AF_INET, 4), (RefusalSets.ipv6, AF_INET6, 16)] {
            for element in elements(of: set) where element.key.count == size + 8 {
                let key = Array(element.key)
                let port = Int(key[size + 4]) << 8 | Int(key[size + 5])
                let address = text(of: Array(key[..<size]), family)
                refusals.append(
                    .init(
                        destination: family == AF_INET ? "\(address):\(port)" : "[\(address)]:\(port)",
                        transport: Self.name(of: key[size]), count: element.count))
            }
        }
        for element in elements(of: RefusalSets.others) where element.key.count >= 1 {
            refusals.append(
                .init(
                    destination: "other destinations", transport: Self.name(of: element.key[element.key.startIndex]),
                    count: element.count))
        }
        return refusals.sorted { ($1.count, $0.destination, $0.transport) < ($0.count, $1.destination, $1.transport) }
    }

    private func text(of address: [UInt8], _ family: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            inet_ntop(family, address, buffer.baseAddress!, socklen_t(buffer.count))
            return String(cString: buffer.baseAddress!)
        }
    }

    private static func name(of number: UInt8) -> String {
        let names: [UInt8: String] = [
            1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 58: "icmpv6", 132: "sctp", 136: "udplite",
        ]
        return names[number] ?? "protocol-\(number)"
    }

    private struct Element {
        var key: ArraySlice<UInt8>
        var count: Int64
    }

    /// Attribute types of linux/netfilter/nf_tables.h.
    private enum Attribute {
        static let listTable: UInt16 = 1
        static let listSet: UInt16 = 2
        static let listElements: UInt16 = 3
        static let elementKey: UInt16 = 1
        static let elementExpression: UInt16 = 7
        static let elementExpressions: UInt16 = 11
        static let expressionData: UInt16 = 2
        static let counterPackets: UInt16 = 2
    }

    private func elements(of set: String) -> [Element] {
        guard ask(for: set) else { return [] }
        var elements: [Element] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            // The kernel answers at once, or not at all.
            let count = buffer.withUnsafeMutableBytes {
                recv(socket, $0.baseAddress!, $0.count, Int32(MSG_DONTWAIT))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return elements }
            var rest = buffer[..<count]
            while rest.count >= 16 {
                let length = Int(Self.number(rest, at: 0, bytes: 4))
                let type = Self.number(rest, at: 4, bytes: 2)
                guard length >= 16, length <= rest.count else { return elements }
                // NLMSG_DONE, NLMSG_ERROR
                if type == 3 || type == 2 { return elements }
                let message = rest.dropFirst(20).prefix(length - 20)
                rest = rest.dropFirst((length + 3) & ~3)
                for list in Attributes(message) where list.type == Attribute.listElements {
                    elements += Attributes(list.content).compactMap { Self.element(Attributes($0.content)) }
                }
            }
        }
    }

    private static func element(_ attributes: Attributes) -> Element? {
        var key: ArraySlice<UInt8>?
        var count: Int64?
        for attribute in attributes {
            switch attribute.type {
            case Attribute.elementKey: key = Attributes(attribute.content).first?.content
            case Attribute.elementExpression: count = packets(Attributes(attribute.content))
            case Attribute.elementExpressions:
                count = Attributes(attribute.content).lazy.compactMap { packets(Attributes($0.content)) }.first
            default: break
            }
        }
        guard let key, let count else { return nil }
        return Element(key: key, count: count)
    }

    private static func packets(_ expression: Attributes) -> Int64? {
        guard let data = expression.first(where: { $0.type == Attribute.expressionData }),
            let packets = Attributes(data.content).first(where: { $0.type == Attribute.counterPackets }),
            packets.content.count == 8
        else { return nil }
        return packets.content.reduce(0) { $0 << 8 | Int64($1) }
    }

    private func ask(for set: String) -> Bool {
        func attribute(_ type: UInt16, _ text: String) -> [UInt8] {
            let content = Array(text.utf8) + [0]
            return Self.bytes(UInt16(content.count + 4)) + Self.bytes(type) + content
                + [UInt8](repeating: 0, count: -content.count & 3)
        }
        // The family inet, version 0, no resource.
        var body: [UInt8] = [1, 0, 0, 0]
        body += attribute(Attribute.listTable, RefusalSets.table) + attribute(Attribute.listSet, set)
        // NFNL_SUBSYS_NFTABLES and NFT_MSG_GETSETELEM; NLM_F_REQUEST and NLM_F_DUMP.
        let header =
            Self.bytes(UInt32(body.count + 16)) + Self.bytes(UInt16(10 << 8 | 13)) + Self.bytes(UInt16(0x301))
            + Self.bytes(UInt32(1)) + Self.bytes(UInt32(0))
        let message = header + body
        return send(socket, message, message.count, 0) == message.count
    }

    private static func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        withUnsafeBytes(of: number) { Array($0) }
    }

    /// In the machine's order, as netlink has it.
    fileprivate static func number(_ bytes: ArraySlice<UInt8>, at offset: Int, bytes count: Int) -> UInt64 {
        var number: UInt64 = 0
        withUnsafeMutableBytes(of: &number) { target in
            for index in 0..<count { target[index] = bytes[bytes.startIndex + offset + index] }
        }
        return UInt64(littleEndian: number)
    }
}

/// A message's attributes: length, type, content, padded to four bytes.
private struct Attributes: Sequence, IteratorProtocol {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var first: (type: UInt16, content: ArraySlice<UInt8>)? {
        var copy = self
        return copy.next()
    }

    mutating func next() -> (type: UInt16, content: ArraySlice<UInt8>)? {
        guard rest.count >= 4 else { return nil }
        let length = Int(RefusalReader.number(rest, at: 0, bytes: 2))
        guard length >= 4, length <= rest.count else { return nil }
        // The upper bits are flags.
        let type = UInt16(RefusalReader.number(rest, at: 2, bytes: 2)) & 0x3fff
        let content = rest.dropFirst(4).prefix(length - 4)
        rest = rest.dropFirst((length + 3) & ~3)
        return (type, content)
    }
}
