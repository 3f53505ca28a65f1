/// What a denied system call gets.
package enum DenialAnswer: Equatable, Sendable {
    /// An error number.
    case error(Int32)
    /// The sandbox ends.
    case kill
    /// It goes on, counted: nothing is denied, and what a command calls is learned.
    case proceed
}

/// An answer that holds for one call, when its arguments meet the conditions.
///
/// The filter cannot tell pid 1 which of a profile's rules sent the call, so that it is looked up here. Arguments are
/// registers, which the caller cannot change any more; what they point to is never looked at.
package struct DenialRule: Equatable, Sendable {
    package struct Condition: Equatable, Sendable {
        package enum Comparison: String, Sendable {
            case notEqual = "ne"
            case less = "lt"
            case lessOrEqual = "le"
            case equal = "eq"
            case greaterOrEqual = "ge"
            case greater = "gt"
            /// The bits of `mask` are those of `value`.
            case maskedEqual = "masked"
        }

        package var index: Int
        package var comparison: Comparison
        package var value: UInt64
        package var mask: UInt64

        package init(index: Int, comparison: Comparison, value: UInt64, mask: UInt64 = .max) {
            self.index = index
            self.comparison = comparison
            self.value = value
            self.mask = mask
        }

        package func holds(for arguments: [UInt64]) -> Bool {
            guard arguments.indices.contains(index) else { return false }
            let argument = arguments[index]
            return switch comparison {
            case .notEqual: argument != value
            case .less: argument < value
            case .lessOrEqual: argument <= value
            case .equal: argument == value
            case .greaterOrEqual: argument >= value
            case .greater: argument > value
            case .maskedEqual: argument & mask == value & mask
            }
        }

        var field: String { "\(index):\(comparison.rawValue):\(value):\(mask)" }

        init?(field: String) {
            let parts = field.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4, let index = Int(parts[0]), let comparison = Comparison(rawValue: parts[1]),
                let value = UInt64(parts[2]), let mask = UInt64(parts[3])
            else { return nil }
            self.init(index: index, comparison: comparison, value: value, mask: mask)
        }
    }

    /// An `AUDIT_ARCH_` value, as the kernel reports the caller's table.
    package var architecture: UInt32
    /// As the kernel reports it: calls of the x32 table have bit 30.
    package var number: Int32
    package var conditions: [Condition]
    package var answer: DenialAnswer

    package init(architecture: UInt32, number: Int32, conditions: [Condition] = [], answer: DenialAnswer) {
        self.architecture = architecture
        self.number = number
        self.conditions = conditions
        self.answer = answer
    }
}

/// What pid 1 knows of a filter that is installed for the Script.
package struct FilterPlan: Equatable, Sendable {
    /// Eight-byte instructions in the filter's file; 0 for no filter.
    package var instructions = 0
    /// `SECCOMP_FILTER_FLAG_` bits beside the listener's.
    package var flags: UInt32 = 0
    /// Denied calls come to pid 1, which counts them and answers as here,
    package var denial = DenialAnswer.error(1)
    /// or as the first of these says that fits, those with conditions before those without.
    package var denials: [DenialRule] = []
    /// For each table the number after which a call is newer than the filter and does not exist (`ENOSYS`); the x32
    /// table's key is the machine's without bit 30. A table that is not here has no newer calls.
    package var newestCalls: [UInt32: Int32] = [:]

    package init() {}

    /// The answer to a call that the filter sent.
    package func answer(architecture: UInt32, number: Int32, arguments: [UInt64]) -> DenialAnswer {
        let rules = denials.filter {
            $0.architecture == architecture && $0.number == number
                && $0.conditions.allSatisfy { $0.holds(for: arguments) }
        }
        return (rules.first { !$0.conditions.isEmpty } ?? rules.first)?.answer ?? denial
    }

    /// Whether the call is newer than the filter, or none at all: programs probe for such calls.
    package func isNewer(architecture: UInt32, number: Int32) -> Bool {
        let tableBit: Int32 = 0x4000_0000
        guard denial != .proceed else { return false }
        guard number >= 0 else { return true }
        guard number & tableBit != 0 else { return number > newestCalls[architecture] ?? .max }
        let own = number & ~tableBit
        // 512 to 547 are the old calls of which x32 has a form of its own.
        return own > 547 || own < 512 && own > newestCalls[architecture & ~0x4000_0000] ?? .max
    }
}
