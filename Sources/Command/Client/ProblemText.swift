import Wire

/// A refusal in sentences: the problem document's detail, then each wrong field.
enum ProblemText {
    static func sentences(_ response: HTTPResponse, isInsideSandbox: Bool) -> String {
        guard let problem = try? WireJSON.decode(Problem.self, from: response.body) else {
            let text = String(decoding: response.body.prefix(300), as: UTF8.self)
            return "the Launcher answered with HTTP status \(response.status)"
                + (text.isEmpty ? "" : ": \(Printable.line(text))")
        }
        var text = Printable.lines(problem.detail.isEmpty ? problem.title : problem.detail)
        for error in problem.errors ?? [] where error.detail != problem.detail {
            text += "\n  \(Printable.line(error.field)): \(Printable.line(error.detail))"
        }
        if problem.status == 403, isInsideSandbox {
            text += "\nWhat a Script may steer is its policy's control: none, self, task or host."
        } else if problem.status == 403 {
            text +=
                "\nThe Launcher knows you by the user id that the kernel gives for the socket; root may do everything."
        }
        return text
    }
}
