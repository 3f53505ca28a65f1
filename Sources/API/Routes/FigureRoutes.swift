import Configuration
import Store
import Wire

extension RouteTable {
    static let figures: [Route] = [
        Route(
            .get, "\(root)/statistics", "What ended, by Task, Script, day and outcome, with percentiles",
            .role(.viewer, script: .host),
            query: [
                .init("task", .text, repeats: true, "Only these Tasks"),
                .init("script", .text, repeats: true, "Only attempts of these Scripts, instead of whole Processings"),
                .init("since", .time, "From the day (UTC) of this time on; 2026-11-24 is taken too"),
                .init("until", .time, "Up to the day (UTC) of this time"),
                .init(
                    "by", .oneOf(StatisticsQuery.Key.allCases.map(\.rawValue)), repeats: true,
                    "What they are put together by: task unless given; joined by commas, or repeated"),
            ], response: .json(StatisticsView.self), narrows: true
        ) { service, call throws(Problem) in try await service.showStatistics(call) },
        Route(
            .get, "\(root)/causes", "What failures have in common: how many there are, and of how many causes",
            .role(.viewer, script: .host),
            query: [
                .init("task", .text, repeats: true, "Only those of these Tasks"),
                .init("script", .text, repeats: true, "Only those of these Scripts"),
                .init(
                    "outcome", .oneOf(OutcomeKind.allCases.map(\.rawValue)), repeats: true, "Only these outcomes"),
                .init("since", .time, "Counted from the day (UTC) of this time on; 2026-11-24 is taken too"),
                .init(
                    "sort", .oneOf(CauseFilter.Order.allCases.map(\.rawValue)),
                    "The most frequent first, or the last seen"
                ),
                .init("limit", .integer(1...500), "At most this many, up to 500"),
            ], response: .json(CausesView.self), narrows: true
        ) { service, call throws(Problem) in try await service.listCauses(call) },
        Route(
            .get, "\(root)/causes/{fingerprint}", "One cause, with Processings that have failed of it",
            .role(.viewer, script: .host),
            query: [.init("limit", .integer(1...500), "At most this many Processings, up to 500")],
            response: .json(CauseDetailView.self), narrows: true
        ) { service, call throws(Problem) in try await service.showCause(call) },
    ]
}
