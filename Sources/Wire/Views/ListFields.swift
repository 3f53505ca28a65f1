/// Something of which lists show no more than what `fields` asks for.
package protocol ListedView: Codable, Sendable {
    /// The names of what an item of a list may have, in order.
    static var listFields: [String] { get }
}

extension ProcessingView: ListedView {
    package static let listFields = [
        CodingKeys.cause, .createdAt, .definition, .endedAt, .event, .id, .labels, .outcome, .params, .priority,
        .reason, .script,
        .scriptsHash, .startedAt, .status, .task,
    ].map(\.rawValue)
}

extension EventView: ListedView {
    package static let listFields = [CodingKeys.createdAt, .id, .key, .params, .source, .type].map(\.rawValue)
}

extension TaskView: ListedView {
    package static let listFields = CodingKeys.allCases.map(\.rawValue).sorted()
}

extension AuditView: ListedView {
    package static let listFields = CodingKeys.allCases.map(\.rawValue).sorted()
}

extension MetricPointView: ListedView {
    package static let listFields = CodingKeys.allCases.map(\.rawValue).sorted()
}

extension DeliveryView: ListedView {
    package static let listFields = CodingKeys.allCases.map(\.rawValue).sorted()
}
