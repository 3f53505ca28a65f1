package import Launcher
package import Wire

/// Every kind of problem that this API answers with. Its `type` is `urn:altp:problem:` and the name: a URN, because it is
/// an identifier to compare and the same on every host, and no page to fetch.
package enum Problems {
    package static let prefix = "urn:altp:problem:"

    package static func malformed(_ detail: String, errors: [Problem.FieldError]? = nil) -> Problem {
        make("malformed", "The request cannot be read", 400, detail, errors)
    }

    package static func unauthorized(_ detail: String) -> Problem {
        make("unauthorized", "A valid token is needed", 401, detail)
    }

    package static func misdirected(_ detail: String) -> Problem {
        make("misdirected", "The request is for another host", 421, detail)
    }

    package static func tooMany(_ detail: String) -> Problem {
        make("too-many-requests", "Too many requests", 429, detail)
    }

    package static func forbidden(_ detail: String) -> Problem {
        make("forbidden", "Not allowed", 403, detail)
    }

    package static func notFound(_ detail: String) -> Problem { make("not-found", "Not found", 404, detail) }

    package static func methodNotAllowed(_ detail: String) -> Problem {
        make("method-not-allowed", "The method is not allowed here", 405, detail)
    }

    package static func conflict(_ detail: String) -> Problem {
        make("conflict", "Not possible in the present state", 409, detail)
    }

    /// See `IdempotencyKey`.
    package static let underWay = make(
        "request-under-way", "The request is being carried out", 409,
        "A request with this Idempotency-Key is being carried out; ask again in a moment.")

    package static let keyReused = make(
        "idempotency-key-reused", "The key belongs to another request", 422,
        "This Idempotency-Key was used for another request within the last day; take a new one.")

    package static func preconditionFailed(_ detail: String) -> Problem {
        make("precondition-failed", "It has changed", 412, detail)
    }

    package static func tooLarge(limit: Int) -> Problem {
        make("too-large", "The request is too large", 413, "A request's body may have at most \(limit) bytes.")
    }

    package static func unsupportedMediaType(_ detail: String) -> Problem {
        make("unsupported-media-type", "The body is of the wrong type", 415, detail)
    }

    package static func rangeNotSatisfiable(size: Int64) -> Problem {
        make(
            "range-not-satisfiable", "There is no such range", 416,
            "The Range asks for bytes past the end: there are \(size).")
    }

    package static func invalid(_ detail: String, errors: [Problem.FieldError]? = nil) -> Problem {
        make("invalid", "The input is not valid", 422, detail, errors)
    }

    package static func upgradeRequired(_ detail: String) -> Problem {
        make("upgrade-required", "Another protocol is needed", 426, detail)
    }

    package static func failed(_ detail: String) -> Problem {
        make("internal", "The Launcher failed", 500, detail)
    }

    package static func unavailable(_ detail: String) -> Problem {
        make("unavailable", "Not available now", 503, detail)
    }

    package static func problem(for error: LauncherError) -> Problem {
        switch error.kind {
        case .notFound: notFound(error.description)
        case .invalid:
            invalid(error.description, errors: error.field.map { [.init(field: $0, detail: error.description)] })
        case .conflict: conflict(error.description)
        case .preconditionFailed: preconditionFailed(error.description)
        case .forbidden: forbidden(error.description)
        case .unavailable: unavailable(error.description)
        }
    }

    private static func make(
        _ name: String, _ title: String, _ status: Int, _ detail: String, _ errors: [Problem.FieldError]? = nil
    ) -> Problem {
        Problem(type: prefix + name, title: title, status: status, detail: detail, errors: errors)
    }
}

extension Problem {
    /// The same, of this request: for what a handler answers with headers of its own.
    func about(_ request: HTTPRequest) -> Problem {
        var problem = self
        problem.instance = request.instance
        return problem
    }
}
