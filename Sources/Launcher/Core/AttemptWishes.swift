import FoundationEssentials

/// What an attempt's Script asked for beside its end, as it is stored with the attempt.
struct AttemptWishes: Codable, Equatable {
    /// To be run again at this time, milliseconds since the epoch.
    var againAt: Int64?
    /// That the Scripts after it are left out.
    var skipsRest: Bool?
    /// Why, of either; the later takes the place of the earlier.
    var reason: String?
    /// Its wall-time limit, extended to this, in milliseconds.
    var wallTime: Int64?

    init() {}

    /// From its row; without any wish where the row has none.
    init(_ text: String?) {
        guard let text, let value = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { return }
        self = value
    }

    var wish: Chain.Wish? {
        if let againAt { return .again(dueAt: againAt) }
        return skipsRest == true ? .skipRest(reason: reason) : nil
    }

    mutating func askForAgain(at time: Int64, reason: String?) {
        (againAt, skipsRest, self.reason) = (time, nil, reason)
    }

    mutating func askToSkipRest(reason: String?) { (againAt, skipsRest, self.reason) = (nil, true, reason) }
}
