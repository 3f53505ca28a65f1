import Configuration
import Wire

extension RouteTable {
    static let preserved: [Route] = [
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}/attempts/{number}/changes",
            "What an attempt added, changed and removed", .role(.viewer, script: nil), target: .processing,
            response: .json(ChangesView.self)
        ) { service, call throws(Problem) in try await service.showChanges(call) },
        Route(
            .get, "\(root)/processings/{id}/scripts/{script}/attempts/{number}/export",
            "All that is needed to rerun an ended attempt elsewhere, as a tar archive",
            .role(.operator, script: nil), target: .processing,
            query: [
                .init("form", .oneOf(["bundle", "oci"]), "bundle (for altp run --bundle), or oci"),
                .init("rootfs", .oneOf(["0", "1"]), "1 to put the files of the rootfs into a bundle"),
            ], response: .media("application/x-tar")
        ) { service, call throws(Problem) in try await service.exportAttempt(call) }.named("exportAttempt"),
    ]
}
