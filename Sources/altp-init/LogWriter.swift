import Glibc
import Linux

/// Keeps what the Script writes: the beginning as it comes, and of what goes beyond the limit the end.
struct LogWriter {
    private let directory: Int32
    /// Made when there is something to write: -1 before that, and where it could not be made.
    private var file: Int32 = -1
    /// Bytes that go to the file at once; the rest of the limit is for the end.
    private let headLimit: Int64
    private let tailLimit: Int
    private var head: Int64 = 0
    private var tail: [UInt8] = []
    /// Allocated when there is something to read, and as it comes: pages that nothing is read into are never made.
    private var buffer: UnsafeMutableRawBufferPointer?
    private static let bufferSize = 64 * 1024
    private(set) var dropped: Int64 = 0
    private(set) var atEnd = false

    var written: Int64 { head + Int64(tail.count) }

    init(directory: Int32, limit: Int64) {
        tailLimit = Int(min(limit / 4, 64 * 1024))
        headLimit = limit - Int64(tailLimit)
        self.directory = directory
    }

    /// Takes one read's worth from the pipe.
    mutating func take(from pipe: Int32) {
        let buffer = self.buffer ?? .allocate(byteCount: Self.bufferSize, alignment: 1)
        self.buffer = buffer
        let count = read(pipe, buffer.baseAddress!, buffer.count)
        if count < 0 && (errno == EINTR || errno == EAGAIN) { return }
        guard count > 0 else {
            atEnd = true
            return
        }
        let direct = Int(min(Int64(count), headLimit - head))
        append(UnsafeRawBufferPointer(buffer)[..<direct])
        head += Int64(direct)
        tail.append(contentsOf: buffer[direct..<count])
        // Cut in large pieces, not at each read.
        if tail.count > 2 * tailLimit + buffer.count { trim() }
    }

    func hasMore(in pipe: Int32) -> Bool {
        var polled = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) > 0
    }

    /// Writes the end of what went beyond the limit, and a line that says how much is missing.
    mutating func finish() {
        if tail.count > tailLimit { trim() }
        if dropped > 0 {
            append(Array("\n[altp: \(dropped) bytes left out here: the log's limit is reached]\n".utf8))
        }
        append(tail)
        if file >= 0 { close(file) }
    }

    private mutating func trim() {
        let excess = tail.count - tailLimit
        dropped += Int64(excess)
        tail.removeFirst(excess)
    }

    private mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0[...]) }
    }

    private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) {
        var rest = UnsafeRawBufferPointer(rebasing: bytes)
        if file < 0, !rest.isEmpty {
            file = openat(directory, "log", O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        while !rest.isEmpty {
            let count = write(file, rest.baseAddress!, rest.count)
            // A full disk must not stop the Script, nor pid 1; what is missing is told.
            if count < 0 && errno != EINTR {
                dropped += Int64(rest.count)
                return
            }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(max(count, 0)))
        }
    }
}
