import Configuration
import Wire

extension RouteTable {
    private static let path: [Route.QueryParameter] = [
        .init(
            "path", .text, "As the attempt saw it: below /scratch, /processing, or of its rootfs what it has written"),
        .init("path_base64", .text, "The same, where it is no text"),
    ]

    static let files: [Route] = [
        Route(
            .get, "\(attempt)/files", "What is in a directory that an attempt left",
            .role(.viewer, script: nil), target: .processing, query: path + list(sorts: APIService.fileSorts),
            response: .json(FilesView.self)
        ) { service, call throws(Problem) in try await service.listFiles(call) },
        Route(
            .get, "\(attempt)/file", "A file that an attempt left; takes Range and If-Range",
            .role(.viewer, script: nil), target: .processing, query: path,
            response: .media("application/octet-stream")
        ) { service, call throws(Problem) in try await service.readFile(call) }.givesVersion().asksForVersion()
            .givesRanges()
            .takes(Route.Header("If-Range", .text, "The version that the Range is of; of another, the whole is sent")),
    ]
}
