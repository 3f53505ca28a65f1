// What a Script asks for and tells, beside its progress and its end.

/// `PUT /self/labels/{key}` and `PUT /processings/{id}/labels/{key}`
package struct SetLabel: RequestBody, Hashable {
    /// One line; may be empty.
    package var value: String

    package init(value: String) { self.value = value }

    package static let fields = ["value"]
}

/// `POST /self/metrics`
package struct ReportMetric: RequestBody, Hashable {
    package var name: String
    package var value: Double
    /// Such as `%`, `K` or `bytes`.
    package var unit: String?

    package init(name: String, value: Double, unit: String? = nil) {
        self.name = name
        self.value = value
        self.unit = unit
    }

    package static let fields = ["name", "value", "unit"]
}

/// `POST /self/again`
package struct AskAgain: RequestBody, Hashable {
    /// From now on.
    package var seconds: Double
    package var reason: String?

    package init(seconds: Double, reason: String? = nil) {
        self.seconds = seconds
        self.reason = reason
    }

    package static let fields = ["seconds", "reason"]
}

/// `POST /self/skip-rest`
package struct SkipRest: RequestBody, Hashable {
    package var reason: String?

    package init(reason: String? = nil) { self.reason = reason }

    package static let fields = ["reason"]
}

/// `POST /self/reserve`
package struct ReserveTime: RequestBody, Hashable {
    /// What is to be left of its time from now on, at least.
    package var seconds: Double
    package var reason: String?

    package init(seconds: Double, reason: String? = nil) {
        self.seconds = seconds
        self.reason = reason
    }

    package static let fields = ["seconds", "reason"]
}
