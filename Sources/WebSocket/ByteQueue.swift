import Glibc

/// Bytes that wait until a descriptor takes them.
package struct ByteQueue: Sendable {
    package enum Progress: Sendable, Hashable {
        /// As many went, perhaps none.
        case wrote(Int)
        /// Nobody reads there any more, or the system said something else; errno.
        case failed(Int32)
    }

    private var bytes: [UInt8] = []
    private var start = 0

    package init() {}

    package var count: Int { bytes.count - start }
    package var isEmpty: Bool { count == 0 }

    package mutating func append(_ more: some Collection<UInt8>) {
        if start > bytes.count / 2 {
            bytes.removeFirst(start)
            start = 0
        }
        bytes.append(contentsOf: more)
    }

    package mutating func removeAll() { (bytes, start) = ([], 0) }

    /// One write(2), or send(2) without SIGPIPE, of at most `limit` bytes.
    package mutating func write(to descriptor: Int32, isSocket: Bool, limit: Int = .max) -> Progress {
        let size = min(count, limit)
        let written = bytes.withUnsafeBytes {
            isSocket
                ? send(descriptor, $0.baseAddress! + start, size, Int32(MSG_NOSIGNAL))
                : Glibc.write(descriptor, $0.baseAddress! + start, size)
        }
        guard written >= 0 else { return errno == EAGAIN || errno == EINTR ? .wrote(0) : .failed(errno) }
        start += written
        if isEmpty { (bytes, start) = ([], 0) }
        return .wrote(written)
    }
}
