import Wire

/// A refusal in sentences: the problem document's detail, then each wrong field.
enum ProblemText {
    /// Whom the Launcher takes this command for, and by what.
    enum Caller {
        case script
        case local
        case remote(hasToken: Bool)
    }

    static func sentences(_ response: HTTPResponse, _ caller: Caller) -> String {
        guard let problem = try? WireJSON.decode(Problem.self, from: response.body) else {
            let text = String(decoding: response.body.prefix(300), as: UTF8.self)
            return "the Launcher answered with HTTP status \(response.status)"
                + (text.isEmpty ? "" : ": \(Printable.line(text))")
        }
        var text = Printable.lines(problem.detail.isEmpty ? problem.title : problem.detail)
        for error in problem.errors ?? [] where error.detail != problem.detail {
            text += "\n  \(Printable.line(error.field)): \(Printable.line(error.detail))"
        }
        switch (problem.status, caller) {
        case (403, .script): text += "\nWhat a Script may steer is its policy's control: none, self, task or host."
        case (403, .local):
            text +=
                "\nThe Launcher knows you by the user id that the kernel gives for the socket; root may do everything."
        case (403, .remote):
            text += "\nThe Launcher knows you by your token; altp token list on its host says what that may."
        case (401, .remote(hasToken: false)):
            text += "\nGive the token in $ALTP_TOKEN, or a file of it by --token-file."
        case (401, .remote(hasToken: true)): text += "\nIt may be mistyped, expired, or revoked."
        default: break
        }
        return text
    }
}
