import Configuration
import Wire

extension RouteTable {
    static let labels: [Route] = [
        Route(
            .put, "\(root)/processings/{id}/labels/{key}", "Label a Processing", .role(.operator, script: .task),
            target: .processing, body: SetLabel.self, response: .json(LabelsView.self)
        ) { service, call throws(Problem) in try await service.labelProcessing(call) }.named("setLabel"),
        Route(
            .delete, "\(root)/processings/{id}/labels/{key}", "Take a label from a Processing",
            .role(.operator, script: .task), target: .processing, response: .json(LabelsView.self)
        ) { service, call throws(Problem) in try await service.unlabelProcessing(call) }.named("removeLabel").fails(
            with: 422),
    ]

    static let labelParameter = Route.QueryParameter(
        "label", .text, repeats: true,
        "Only those with this label, written key:value; of one key any value given, of several keys all")
}
