import Configuration
import Wire

extension RouteTable {
    static let security: [Route] = [
        Route(
            .post, "\(root)/tokens", "Make a token; its secret is told this once", .role(.admin, script: nil),
            body: CreateToken.self, success: 201, response: .json(CreatedTokenView.self)
        ) { service, call throws(Problem) in try await service.createToken(call) }.sends(.location),
        Route(
            .get, "\(root)/tokens", "Every token, without its secret, newest first", .role(.admin, script: nil),
            response: .json([TokenView].self)
        ) { service, call throws(Problem) in try service.listTokens(call) },
        Route(
            .delete, "\(root)/tokens/{token}", "Revoke a token by its name or id: it ends at once",
            .role(.admin, script: nil), response: .json(TokenView.self)
        ) { service, call throws(Problem) in try await service.revokeToken(call) }.named("revokeToken"),
        Route(
            .get, "\(root)/audit", "Who changed what, and whom that was refused, newest first",
            .role(.admin, script: nil),
            query: [
                .init("who", .text, repeats: true, "Only by these, such as cli:root, token:ci or script:42/load#1"),
                .init("method", .oneOf(["POST", "PUT", "PATCH", "DELETE"]), repeats: true, "Only these methods"),
                .init("path", .text, "Only what is at a path that begins so"),
                .init("status", .integer(100...599), repeats: true, "Only what was answered with these statuses"),
                .init("since", .time, "At or after this time (RFC 3339)"),
                .init("until", .time, "Before this time (RFC 3339)"),
            ] + list(sorts: APIService.auditSorts), response: .json(PageView<AuditView>.self)
        ) { service, call throws(Problem) in try await service.listAudit(call) },
    ]
}
