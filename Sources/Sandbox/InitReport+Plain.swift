import SandboxPlan

extension InitReport {
    /// Reads a report of an attempt to which nothing special happened: of numbers and truth values, without refused calls and
    /// connections and without texts. Nearly all are; of the others it gives nil, and they go to the JSON coder.
    init?(plain content: [UInt8]) {
        self.init()
        var reader = PlainReader(rest: content[...])
        guard reader.take("{"), reader.take("\"version\":1") else { return nil }
        var found: Set<Field> = []
        while reader.take(",") {
            guard let name = reader.name(), let field = Field(rawValue: name), found.insert(field).inserted,
                set(field, &reader)
            else { return nil }
        }
        guard reader.take("}\n"), reader.rest.isEmpty, found.isSuperset(of: Field.required),
            found.contains(.exit_status) != found.contains(.signal)
        else { return nil }
    }

    private enum Field: String {
        // swift-format-ignore: AlwaysUseLowerCamelCase
        case exit_status, signal, started_at, ended_at, wall_ms, cpu_ms, memory_peak, oom_kills, pids_peak, pids_refused
        // swift-format-ignore: AlwaysUseLowerCamelCase
        case disk_peak, inodes_peak, disk_full, log_bytes, log_dropped, network_sockets, denials

        static let required: Set<Field> = [
            .started_at, .ended_at, .wall_ms, .cpu_ms, .memory_peak, .oom_kills, .pids_peak, .pids_refused, .log_bytes,
            .log_dropped, .denials,
        ]
    }

    private mutating func set(_ field: Field, _ reader: inout PlainReader) -> Bool {
        switch field {
        case .denials: return reader.take("[]")
        case .disk_full:
            diskFull = reader.take("true")
            return diskFull || reader.take("false")
        default: break
        }
        guard let number = reader.number() else { return false }
        switch field {
        case .exit_status, .signal:
            guard let status = Int32(exactly: number) else { return false }
            end = field == .signal ? .signaled(status) : .exited(status: status)
        case .started_at: startedAt = number
        case .ended_at: endedAt = number
        case .wall_ms: wallMilliseconds = number
        case .cpu_ms: cpuMilliseconds = number
        case .memory_peak: memoryPeak = number
        case .oom_kills: outOfMemoryKills = number
        case .pids_peak: pidsPeak = number
        case .pids_refused: pidsRefused = number
        case .disk_peak: diskPeak = number
        case .inodes_peak: inodesPeak = number
        case .log_bytes: logBytes = number
        case .log_dropped: logDropped = number
        case .network_sockets: networkSockets = number
        case .denials, .disk_full: return false
        }
        return true
    }
}

private struct PlainReader {
    var rest: ArraySlice<UInt8>

    mutating func take(_ text: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard rest.starts(with: wanted) else { return false }
        rest = rest.dropFirst(wanted.count)
        return true
    }

    mutating func name() -> String? {
        guard take("\""), let end = rest.firstIndex(of: UInt8(ascii: "\"")), end + 1 < rest.endIndex,
            rest[end + 1] == UInt8(ascii: ":")
        else { return nil }
        let name = String(decoding: rest[..<end], as: UTF8.self)
        rest = rest[(end + 2)...]
        return name
    }

    /// A whole number as this program's own writer writes it.
    mutating func number() -> Int64? {
        let isNegative = take("-")
        var value: Int64 = 0
        var digits = 0
        while let digit = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) {
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !isTooLarge, !overflows else { return nil }
            value = sum
            digits += 1
            rest = rest.dropFirst()
        }
        return digits == 0 ? nil : isNegative ? -value : value
    }
}
