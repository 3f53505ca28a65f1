import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Lists over HTTP.
    @Suite struct ListTests {
        private static let files = [
            "tasks/fail.yaml": "policy: small\nscripts: [{name: work, run: 'exit 1'}]\n",
            "tasks/soft.yaml": "policy: small\nscripts: [{name: try, run: 'exit 75', retry: {limit: 0}}]\n",
            "tasks/good.yaml": "on_event: scene\npolicy: small\nscripts: [{name: only, run: 'true'}]\n",
            "tasks/hold.yaml": "policy: small\nscripts: [{name: work, run: 'exec sleep 60'}]\n",
        ]

        private struct Place: Decodable, Equatable {
            var id: Int64
            var task: String?
        }

        private struct Page: Decodable {
            var items: [Place]
            var next: String?
        }

        private static func ids(_ host: Host, _ query: String) throws -> [Int64] {
            let answer = try host.ask("GET", "/processings?\(query)")
            #expect(answer.status == 200, "\(query): \(answer.text)")
            return try answer.json(Page.self).items.map(\.id)
        }

        @Test func ofProcessings() throws {
            try withHost(Self.files) { host in
                let fail = try host.complete("fail").id
                let soft = try host.complete("soft").id
                let event = try host.send("scene", "a")
                let good = try host.ended(try #require(event.event.processings?.first)).id
                let held = try host.trigger("hold")
                try host.running(held, "work")
                let last = try host.complete("fail")
                let all = [fail, soft, good, held, last.id]
                for (query, expected) in [
                    ("", all.reversed()), ("sort=created_at", all), ("status=failed", [last.id, soft, fail]),
                    ("status=failed&status=lost", [last.id, soft, fail]), ("status=soft&status=running", [held, soft]),
                    ("status=lost", []), ("outcome=hard", [last.id, fail]),
                    ("task=fail&task=good", [last.id, good, fail]),
                    ("script=work", [last.id, held, fail]), ("script=work&status=failed", [last.id, fail]),
                    ("event=\(event.event.id)", [good]), ("sort=-ended_at", [last.id, good, soft, fail]),
                    ("sort=ended_at&task=fail", [fail, last.id]), ("since=\(last.createdAt)", [last.id]),
                    ("until=\(last.createdAt)", [held, good, soft, fail]),
                    ("ended_since=\(try #require(last.endedAt))", [last.id]),
                    ("ended_until=\(try #require(last.endedAt))&task=fail", [fail]),
                ] as [(String, [Int64])] {
                    #expect(try Self.ids(host, query) == expected, "\(query)")
                    // Page by page, by what the answers themselves name.
                    var found: [Int64] = []
                    var target = "/processings?limit=1&fields=id" + (query.isEmpty ? "" : "&\(query)")
                    while true {
                        let answer = try host.ask("GET", target)
                        let page = try answer.json(Page.self)
                        #expect(page.items.count <= 1 && page.items.allSatisfy { $0.task == nil })
                        found += page.items.map(\.id)
                        guard let link = answer.headers["link"] else { break }
                        let next = try #require(page.next)
                        #expect(link.hasSuffix("; rel=\"next\"") && link.contains(next))
                        target = String(try #require(link.dropFirst().split(separator: ">").first).dropFirst(7))
                    }
                    #expect(found == expected, "\(query)")
                }
                let one = try host.ask("GET", "/processings?limit=1")
                let cursor = try #require(try one.json(Page.self).next)
                let other = try host.ask("GET", "/processings?limit=1&status=failed&cursor=\(cursor)")
                #expect(other.status == 400 && other.text.contains("belongs to another list, filter or sort"))
                #expect(try other.json(Problem.self).errors?.map(\.field) == ["cursor"])
                // A list is as new as what its reader has done.
                #expect(try host.ask("POST", "/processings/\(held)/cancel").status == 200)
                try host.ended(held)
                #expect(try Self.ids(host, "status=cancelled") == [held])
                #expect(try Self.ids(host, "status=running") == [])
            }
        }

        @Test func ofEventsAndTasks() throws {
            try withHost(Self.files) { host in
                let ids = try ["a", "b", "c"].map { try host.send("scene", $0).event.id }
                let tile = try host.send("tile", "a").event.id
                for (query, expected) in [
                    ("", [tile] + ids.reversed()), ("type=scene&sort=created_at", ids), ("key=a", [tile, ids[0]]),
                    ("key=a&type=scene", [ids[0]]), ("source=cli:root", [tile] + ids.reversed()), ("source=x", []),
                ] {
                    let answer = try host.ask("GET", "/events?\(query)")
                    #expect(try answer.json(Page.self).items.map(\.id) == expected, "\(query)")
                }
                struct Names: Decodable {
                    struct Item: Decodable {
                        var name: String
                        var waiting: Int?
                    }
                    var items: [Item]
                    var next: String?
                }
                let first = try host.ask("GET", "/tasks?limit=2&fields=name").json(Names.self)
                #expect(first.items.map(\.name) == ["fail", "good"] && first.items[0].waiting == nil)
                let rest = try host.ask("GET", "/tasks?limit=2&cursor=\(try #require(first.next))").json(Names.self)
                #expect(rest.items.map(\.name) == ["hold", "soft"] && rest.next == nil)
                try host.altp("task", "pause", "hold")
                #expect(try host.ask("GET", "/tasks?paused=true").json(Names.self).items.map(\.name) == ["hold"])
                #expect(try host.ask("GET", "/tasks?fields=nme").text.contains("did you mean name?"))
            }
        }
    }
}
