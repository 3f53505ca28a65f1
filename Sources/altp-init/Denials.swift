import CLinux
import Glibc
import SandboxPlan

/// Answers the calls that a filter denies, and counts them.
struct Denials {
    private let filter: FilterPlan
    private var counts: [Key: InitReport.Denial] = [:]
    /// Sockets made that need a network, where calls are learned.
    private(set) var networkSockets: Int64 = 0

    private struct Key: Hashable {
        var architecture: UInt32
        var number: Int32
    }

    init(_ filter: FilterPlan) { self.filter = filter }

    var all: [InitReport.Denial] {
        counts.values.sorted { ($0.architecture, $0.number) < ($1.architecture, $1.number) }
    }

    /// The numbers that a Script may call with are its own choice: what is kept of them is bounded.
    private static let most = 512

    /// What also works without a network.
    private static let localFamilies: Set<Int32> = [AF_UNIX, AF_NETLINK]

    /// Takes one call from a filter's listener and answers it, but for one that ends the caller: that is left to whoever asks.
    mutating func answer(_ listener: Int32) -> DenialAnswer? {
        guard let call = LinuxCall.receiveDeniedCall(listener) else { return nil }
        // Newer than the filter: programs probe for such calls, and that is no finding.
        guard !filter.isNewer(architecture: call.architecture, number: call.number) else {
            LinuxCall.answerDeniedCall(listener, call.id, error: ENOSYS)
            return .error(ENOSYS)
        }
        let answer = filter.answer(architecture: call.architecture, number: call.number, arguments: call.arguments)
        let key = Key(architecture: call.architecture, number: call.number)
        if counts[key] == nil, counts.count < Self.most || answer == .kill {
            counts[key] = .init(architecture: call.architecture, number: call.number, count: 0, killed: false)
        }
        counts[key]?.count += 1
        switch answer {
        case .error(let number): LinuxCall.answerDeniedCall(listener, call.id, error: number)
        case .proceed:
            if call.number == altp_sys_socket,
                !Self.localFamilies.contains(Int32(truncatingIfNeeded: call.arguments[0]))
            {
                networkSockets += 1
            }
            LinuxCall.proceedWithCall(listener, call.id)
        case .kill: counts[key]?.killed = true
        }
        return answer
    }
}
