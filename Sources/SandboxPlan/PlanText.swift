// The plan as text: a line for each value, fields separated by tabs, so that it can be printed, read and compared.

package struct PlanSyntaxError: Error, Equatable, Sendable {
    /// From 1.
    package var line: Int
    package var text: String

    package init(line: Int, text: String) {
        self.line = line
        self.text = text
    }
}

extension Plan {
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The same, as it is written at every start.
    package var bytes: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(8192)
        func put(_ name: String, list: [String]) {
            text += name.utf8
            for field in list {
                text.append(UInt8(ascii: "\t"))
                append(field, to: &text)
            }
            text.append(UInt8(ascii: "\n"))
        }
        func put(_ name: String, _ fields: String...) { put(name, list: fields) }

        for step in steps { put("step", list: step.fields) }
        put("hostname", hostName)
        put("network", sharesNetwork ? "shared" : "own")
        put("uids", "\(firstUID)", "\(uidCount)")
        put("user", "\(uid)", "\(gid)")
        put("capabilities", String(capabilities, radix: 16))
        put("workdir", workingDirectory)
        put("run", list: arguments)
        if isBare { put("bare") }
        if isHeld { put("held") }
        for variable in environment { put("env", variable) }
        for limit in resourceLimits { put("rlimit", "\(limit.resource)", "\(limit.soft)", "\(limit.hard)") }
        switch standardStreams {
        case .log(let limit): put("streams", "log", "\(limit)")
        case .inherited: put("streams", "inherited")
        case .terminal(let rows, let columns): put("streams", "terminal", "\(rows)", "\(columns)")
        }
        if endsWithStarter { put("ends-with-starter") }
        put("wall", "\(wallMilliseconds)", "\(graceMilliseconds)")
        put("cpu", "\(cpuMilliseconds)", "\(cpuMillicores)")
        put("disk", "\(diskBytes)", "\(diskInodes)")
        put("filter", "\(filter.instructions)", "\(filter.flags)", filter.denial.field)
        for (architecture, number) in filter.newestCalls.sorted(by: { $0.key < $1.key }) {
            put("newest", "\(architecture)", "\(number)")
        }
        for rule in filter.denials {
            put(
                "denial",
                list: ["\(rule.architecture)", "\(rule.number)", rule.answer.field] + rule.conditions.map(\.field))
        }
        return text
    }

    package init(text: String) throws(PlanSyntaxError) { try self.init(text: Array(text.utf8)) }

    /// Every start of a sandbox waits for this: one pass over the bytes, a string for each field.
    package init(text: [UInt8]) throws(PlanSyntaxError) {
        self.init()
        var number = 0
        var fields: [String] = []
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            defer { start = end + 1 }
            guard end > start else { continue }
            number += 1
            fields.removeAll(keepingCapacity: true)
            var position = start
            while position <= end {
                let tab = text[position..<end].firstIndex(of: UInt8(ascii: "\t")) ?? end
                fields.append(unescape(text[position..<tab]))
                position = tab + 1
            }
            guard read(fields) else {
                throw PlanSyntaxError(line: number, text: String(decoding: text[start..<end], as: UTF8.self))
            }
        }
    }

    /// Takes one line; false when it is not one of a plan.
    private mutating func read(_ fields: [String]) -> Bool {
        let values = Array(fields.dropFirst())
        switch (fields[0], values.count) {
        case ("step", _):
            guard let step = PlanStep(fields: values) else { return false }
            steps.append(step)
        case ("hostname", 1): hostName = values[0]
        case ("network", 1): sharesNetwork = values[0] == "shared"
        case ("uids", 2): return set(&firstUID, values[0]) && set(&uidCount, values[1])
        case ("user", 2): return set(&uid, values[0]) && set(&gid, values[1])
        case ("capabilities", 1):
            guard let set = UInt64(values[0], radix: 16) else { return false }
            capabilities = set
        case ("workdir", 1): workingDirectory = values[0]
        case ("run", _): arguments = values
        case ("bare", 0): isBare = true
        case ("held", 0): isHeld = true
        case ("env", 1): environment.append(values[0])
        case ("rlimit", 3):
            guard let resource = Int32(values[0]), let soft = UInt64(values[1]), let hard = UInt64(values[2]) else {
                return false
            }
            resourceLimits.append(ResourceLimit(resource: resource, soft: soft, hard: hard))
        case ("streams", 1) where values[0] == "inherited": standardStreams = .inherited
        case ("streams", 3) where values[0] == "terminal":
            guard let rows = UInt16(values[1]), let columns = UInt16(values[2]) else { return false }
            standardStreams = .terminal(rows: rows, columns: columns)
        case ("streams", 2) where values[0] == "log":
            guard let limit = Int64(values[1]) else { return false }
            standardStreams = .log(limit: limit)
        case ("ends-with-starter", 0): endsWithStarter = true
        case ("wall", 2): return set(&wallMilliseconds, values[0]) && set(&graceMilliseconds, values[1])
        case ("cpu", 2): return set(&cpuMilliseconds, values[0]) && set(&cpuMillicores, values[1])
        case ("disk", 2): return set(&diskBytes, values[0]) && set(&diskInodes, values[1])
        case ("filter", 3):
            guard let answer = DenialAnswer(field: values[2]) else { return false }
            filter.denial = answer
            return set(&filter.instructions, values[0]) && set(&filter.flags, values[1])
        case ("newest", 2):
            guard let architecture = UInt32(values[0]), let number = Int32(values[1]) else { return false }
            filter.newestCalls[architecture] = number
        case ("denial", 3...):
            let conditions = values.dropFirst(3).compactMap { DenialRule.Condition(field: $0) }
            guard let architecture = UInt32(values[0]), let number = Int32(values[1]),
                let answer = DenialAnswer(field: values[2]), conditions.count == values.count - 3
            else { return false }
            filter.denials.append(
                DenialRule(architecture: architecture, number: number, conditions: conditions, answer: answer))
        default: return false
        }
        return true
    }
}

private func set<Number: FixedWidthInteger>(_ number: inout Number, _ text: String) -> Bool {
    guard let value = Number(text) else { return false }
    number = value
    return true
}

extension DenialAnswer {
    fileprivate var field: String {
        switch self {
        case .error(let number): "\(number)"
        case .kill: "kill"
        case .proceed: "proceed"
        }
    }

    fileprivate init?(field: String) {
        if field == "kill" {
            self = .kill
        } else if field == "proceed" {
            self = .proceed
        } else if let number = Int32(field) {
            self = .error(number)
        } else {
            return nil
        }
    }
}

/// A field, its tabs and newlines escaped.
private func append(_ field: String, to text: inout [UInt8]) {
    for byte in field.utf8 {
        switch byte {
        case UInt8(ascii: "\\"): text += [byte, byte]
        case UInt8(ascii: "\t"): text += "\\t".utf8
        case UInt8(ascii: "\n"): text += "\\n".utf8
        default: text.append(byte)
        }
    }
}

private func unescape(_ field: ArraySlice<UInt8>) -> String {
    guard field.contains(UInt8(ascii: "\\")) else { return String(decoding: field, as: UTF8.self) }
    var bytes: [UInt8] = []
    var escaped = false
    for byte in field {
        if escaped {
            escaped = false
            switch byte {
            case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            default: bytes.append(byte)
            }
        } else if byte == UInt8(ascii: "\\") {
            escaped = true
        } else {
            bytes.append(byte)
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
