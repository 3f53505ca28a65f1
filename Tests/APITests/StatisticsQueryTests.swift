import Configuration
import Launcher
import Store
import Testing
import Wire

@testable import API

@Suite struct StatisticsQueryTests {
    private func query(_ items: [(String, String)]) throws -> StatisticsQuery {
        let route = try #require(RouteTable.routes.first { $0.path.description == "/api/v1/statistics" })
        let query = try Query(
            items.map { HTTPRequest.QueryItem(name: $0.0, value: $0.1) }, parameters: route.query)
        return try APIService.statisticsQuery(query)
    }

    @Test func readsKeysAndDays() throws {
        let cases: [([(String, String)], Set<StatisticsQuery.Key>, Int64?, Int64?)] = [
            ([], [.task], nil, nil), ([("script", "load")], [.task, .script], nil, nil),
            ([("by", "task,day"), ("by", "outcome")], [.task, .day, .outcome], nil, nil),
            ([("since", "1970-01-03"), ("until", "1970-01-05T23:59:59+00:00")], [.task], 2, 4),
            ([("since", "1970-01-03T23:00:00-02:00")], [.task], 3, nil),
        ]
        for (items, by, since, until) in cases {
            let query = try query(items)
            #expect(query.by == by)
            #expect(query.since == since)
            #expect(query.until == until)
        }
    }

    @Test(arguments: [("by", "week"), ("by", ""), ("by", "task,"), ("since", "yesterday"), ("until", "2026-13-01")])
    func namesTheFieldThatIsWrong(name: String, value: String) {
        #expect {
            try query([(name, value)])
        } throws: { error in
            (error as? Problem)?.errors?.map(\.field) == [name]
        }
    }

    @Test func countsTheHoursThatHavePassed() {
        let day: Int64 = 86_400_000
        #expect(APIService.hours(from: 3, to: 3, now: 10 * day) == 24)
        #expect(APIService.hours(from: 3, to: 4, now: 4 * day + day / 2) == 36)
        #expect(APIService.hours(from: 3, to: 3, now: 3 * day) > 0)
        #expect(APIService.text(ofDay: 20_781) == "2026-11-24")
    }
}

@Suite struct NarrowedTasksTests {
    private func caller(_ control: Control) -> Caller {
        .script(ScriptPeer(processing: 42, script: "load", attempt: 1, task: "own", control: control))
    }

    @Test func nobodySeesMoreThanHisTasks() throws {
        let root = Caller.user(name: "root", role: .admin)
        #expect(try root.narrowed([]) == [])
        #expect(try root.narrowed(["a"]) == ["a"])
        #expect(try caller(.host).narrowed(["a"]) == ["a"])
        #expect(try caller(.task).narrowed([]) == ["own"])
        #expect(try caller(.task).narrowed(["own"]) == ["own"])
        #expect(throws: Problem.self) { try caller(.task).narrowed(["own", "other"]) }
    }
}
