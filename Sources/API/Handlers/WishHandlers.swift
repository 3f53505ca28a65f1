import Configuration
import Launcher
import Wire

extension APIService {
    func askAgain(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        let body = try BodyReader.read(AskAgain.self, from: call.request)
        let time = try Self.timespan(body.seconds, "seconds", atLeast: 0)
        try FieldCheck.line(body.reason, "reason")
        let due = try await launched { () async throws(LauncherError) in
            try await launcher.again(peer, in: time, reason: body.reason)
        }
        return .json(AgainView(at: Timestamp(milliseconds: due)))
    }

    func skipRest(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        let body = try BodyReader.read(SkipRest.self, from: call.request)
        try FieldCheck.line(body.reason, "reason")
        try await launched { () async throws(LauncherError) in
            try await launcher.skipRest(peer, reason: body.reason)
        }
        return .json(AcceptedView())
    }

    func reserveTime(_ call: Call) async throws(Problem) -> HTTPResponse {
        let peer = try Self.peer(call)
        let body = try BodyReader.read(ReserveTime.self, from: call.request)
        let time = try Self.timespan(body.seconds, "seconds", atLeast: 1)
        try FieldCheck.line(body.reason, "reason")
        let wallTime = try await launched { () async throws(LauncherError) in
            try await launcher.reserve(peer, time, reason: body.reason)
        }
        return .json(WallTimeView(wallTime))
    }

    /// To the millisecond; a year at most.
    static func timespan(
        _ seconds: Double, _ field: String, atLeast least: Double
    ) throws(Problem) -> Timespan {
        try FieldCheck.range(seconds, field, least...31_536_000)
        return Timespan(milliseconds: Int64((seconds * 1000).rounded()))
    }
}

extension WallTimeView {
    init(_ wallTime: Launcher.WallTime) {
        self.init(
            wallMilliseconds: wallTime.limit.milliseconds, deadline: Timestamp(milliseconds: wallTime.deadline))
    }
}
