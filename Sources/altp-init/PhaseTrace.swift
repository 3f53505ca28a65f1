import Glibc

/// When each phase of pid 1 was over, for `make bench-sandbox`: taken only when the starter asks for it, and written into
/// the attempt's directory at the end.
enum PhaseTrace {
    nonisolated(unsafe) private static var isWanted = false
    private static let recordSize = 64
    private static let records = 256
    /// The Script's first process writes behind what pid 1 writes, into the same memory.
    private static let childStart = 224
    nonisolated(unsafe) private static let memory: UnsafeMutableRawPointer? = {
        guard isWanted else { return nil }
        let flags = MAP_SHARED | MAP_ANONYMOUS
        let address = mmap(nil, records * recordSize, PROT_READ | PROT_WRITE, flags, -1, 0)
        return address == MAP_FAILED ? nil : address
    }()
    nonisolated(unsafe) private static var next = 0
    nonisolated(unsafe) private static var end = childStart

    /// Asked for by the starter alone.
    static func begin() { isWanted = true }

    static func mark(_ name: @autoclosure () -> String) {
        guard isWanted, let memory, next < end else { return }
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let record = memory + next * recordSize
        next += 1
        record.storeBytes(of: UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec), as: UInt64.self)
        for (index, byte) in name().utf8.prefix(recordSize - 9).enumerated() {
            record.storeBytes(of: byte, toByteOffset: 8 + index, as: UInt8.self)
        }
    }

    /// What follows are marks of the Script's first process.
    static func becomeChild() {
        next = childStart
        end = records
    }

    /// Writes a line for each phase: nanoseconds of the monotonic clock, a tab, its name.
    static func write(into directory: Int32) {
        guard isWanted, let memory else { return }
        var text = ""
        for index in 0..<records {
            let record = memory + index * recordSize
            let time = record.load(as: UInt64.self)
            if time > 0 { text += "\(time)\t\(String(cString: (record + 8).assumingMemoryBound(to: CChar.self)))\n" }
        }
        let file = openat(directory, "phases", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        let bytes = Array(text.utf8)
        _ = Glibc.write(file, bytes, bytes.count)
        close(file)
    }
}
