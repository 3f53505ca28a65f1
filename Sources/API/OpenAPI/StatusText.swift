/// What the statuses of problems mean in this API.
enum StatusText {
    static func text(of status: Int) -> String { texts[status] ?? "It cannot be done; the problem says why" }

    private static let texts: [Int: String] = [
        400: "The request cannot be read, or its query is not valid",
        401: "There is no token, or none that is known",
        403: "The caller may not do this",
        404: "There is no such thing",
        405: "The path takes other methods, which the header Allow names",
        409: "It is not possible in the present state",
        412: "It was changed by somebody else meanwhile",
        413: "The request is too large",
        415: "The body is of another media type than this takes",
        416: "There are no such bytes",
        422: "The input is not valid; the problem names the fields",
        426: "This needs the WebSocket protocol",
        428: "The request has to say which version it changes",
        429: "There were too many requests; the header Retry-After says when to try again",
        431: "The request's headers are too large",
        500: "The Launcher failed; its log says why",
        503: "Not available now; try again later",
    ]
}
