import Configuration
import FoundationEssentials
import Glibc
package import Store

extension Launcher {
    /// What `altp why` says of an ended Processing's directories.
    func keepingFacts(_ record: ProcessingRecord) -> [Explanation.Fact] {
        let id = record.id
        guard let directories = kept[id] else {
            guard access(state.remnant(id), F_OK) == 0 else { return [] }
            return [
                .init(
                    kind: "remnant",
                    text: "its directories are gone; logs, outcomes and lists of files are in \(state.remnant(id))",
                    values: ["path": state.remnant(id)])
            ]
        }
        if let cause = directories.removal {
            return [.init(kind: "removal", text: "its directories are being removed: \(cause)")]
        }
        let holders = holders(of: id)
        if !holders.isEmpty {
            return holders.map { .init(kind: "held", text: "its directories stay: it is \($0)") }
        }
        guard let due = directories.record.expiresAt else { return [] }
        let time = Date(timeIntervalSince1970: Double(due / 1000)).ISO8601Format()
        return [
            .init(kind: "kept", text: "its directories are kept until \(time)", values: ["until": "\(due)"])
        ]
    }

    /// The folder of what stays of a Processing whose directories are gone; nil when there is nothing.
    package nonisolated func remnant(of record: ProcessingRecord) -> String? {
        guard record.uidBlock == nil, access(state.remnant(record.id), F_OK) == 0 else { return nil }
        return state.remnant(record.id)
    }
}
