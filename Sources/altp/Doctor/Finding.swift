/// What `altp doctor` found out about one thing that the host should offer.
struct Finding: Codable {
    enum Verdict: String, Codable {
        case pass
        /// Works, with less than there could be.
        case caution
        /// Scripts cannot run, or not as they should.
        case fail
    }

    var name: String
    var verdict: Verdict
    /// What there is.
    var detail: String
    /// What to do about it; nil when it passed.
    var remedy: String?

    static func pass(_ name: String, _ detail: String) -> Finding {
        Finding(name: name, verdict: .pass, detail: detail, remedy: nil)
    }

    static func caution(_ name: String, _ detail: String, remedy: String) -> Finding {
        Finding(name: name, verdict: .caution, detail: detail, remedy: remedy)
    }

    static func fail(_ name: String, _ detail: String, remedy: String) -> Finding {
        Finding(name: name, verdict: .fail, detail: detail, remedy: remedy)
    }
}
