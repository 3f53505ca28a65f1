import Glibc
import Linux
import WebSocket

/// What came from a session and is to be printed. Where nobody reads, it waits, and does not keep this process from hearing
/// signals and giving the terminal back.
struct SessionOutput: ~Copyable {
    /// What a pipe that has room takes without waiting (PIPE_BUF).
    private static let piece = 4096

    private let descriptor: Int32
    private let isOwn: Bool
    private var waiting = ByteQueue()

    init(_ output: Output) {
        // A terminal can have room for less. It is opened once more, because whoever started this process shares its opening and
        // would find that it does not block.
        let own =
            output.isTerminal
            ? open("/proc/self/fd/\(output.descriptor)", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) : -1
        isOwn = own >= 0
        descriptor = isOwn ? own : output.descriptor
    }

    deinit { if isOwn { close(descriptor) } }

    var isEmpty: Bool { waiting.isEmpty }

    /// What to wait for before the next `write`.
    var awaited: pollfd { pollfd(fd: isEmpty ? -1 : descriptor, events: Int16(POLLOUT), revents: 0) }

    mutating func append(_ bytes: some Collection<UInt8>) { waiting.append(bytes) }

    /// Prints what there is room for.
    mutating func write() throws(CommandFailure) {
        guard case .failed(let number) = waiting.write(to: descriptor, isSocket: false, limit: Self.piece) else {
            return
        }
        throw CommandFailure("cannot write the output: write: \(systemMessage(number))")
    }
}
