import Configuration
import Launcher
import Store
import Testing
import Wire

@testable import API

@Suite struct ListRequestTests {
    private static let root = Caller.user(name: "root", role: .admin)

    private static func call(_ target: String, caller: Caller = root) throws -> Call {
        let parsed = try #require(RequestTarget(parsing: target))
        let request = HTTPRequest(method: "GET", path: parsed.path, query: parsed.query)
        guard
            case .route(let route, let captures) = Router(routes: RouteTable.routes).match(
                method: "GET", path: parsed.path)
        else { throw Problems.notFound(target) }
        return Call(
            caller: caller, request: request, captures: captures,
            query: try Query(request.query, parameters: route.query))
    }

    private static func processings(_ query: String, caller: Caller = root) throws -> ProcessingQuery {
        try ProcessingQuery(call("/api/v1/processings?\(query)", caller: caller))
    }

    private static func problem(_ query: String) throws -> String {
        do {
            let wanted = try processings(query)
            _ = try wanted.list.range()
            return ""
        } catch let problem as Problem {
            #expect(problem.status == 400 && problem.type == "urn:altp:problem:malformed")
            return problem.errors?.map { "\($0.field) \($0.detail)" }.joined(separator: "; ") ?? problem.detail
        }
    }

    @Test func aStatusMayBeAnOutcome() throws {
        let filter = try Self.processings("status=failed&status=lost&status=cancelled&outcome=oom").filter
        #expect(filter.statuses == [.failed, .cancelled])
        #expect(filter.endings == ["lost"])
        #expect(filter.outcomes == ["oom"])
    }

    @Test func readsEveryFilter() throws {
        let wanted = try Self.processings(
            "task=a&task=b&script=load&event=7&event=8&since=2026-01-01T00:00:00Z&until=2026-01-01T01:00:00%2B01:00")
        #expect(wanted.filter.tasks == ["a", "b"] && wanted.filter.scripts == ["load"])
        #expect(wanted.filter.events == [7, 8])
        #expect(wanted.filter.since == 1_767_225_600_000 && wanted.filter.until == 1_767_225_600_000)
        #expect(wanted.order == .created && wanted.list.sort == "-created_at")
        let ended = try Self.processings("ended_since=2026-01-01T00:00:00Z")
        #expect(ended.order == .ended && ended.list.sort == "-ended_at")
        #expect(ended.filter.endedSince == 1_767_225_600_000)
        #expect(try Self.processings("sort=ended_at").list.range().descending == false)
    }

    @Test(arguments: [
        ("status=broken", "status must be waiting, running, success, failed, cancelled, soft, hard, signal, timeout"),
        ("outcome=failed", "outcome must be success, soft, hard"),
        ("event=x", "event must be the number of an Event"), ("event=0", "event must be the number of an Event"),
        ("since=yesterday", "since must be a time such as 2026-11-24T12:30:01Z"),
        ("sort=name", "sort must be -created_at, created_at, -ended_at, ended_at"),
        ("sort=created_at&ended_since=2026-01-01T00:00:00Z", "sort must be -ended_at or ended_at beside"),
        ("sort=ended_at&until=2026-01-01T00:00:00Z", "until is for lists sorted by created_at"),
        ("sort=ended_at&script=load", "script is for lists sorted by created_at"),
        ("fields=id,taks", "fields has taks, which is unknown; did you mean task?"),
        ("fields=", "fields may have cause, created_at, definition"), ("fields=id,,task", "fields may have cause"),
        ("fields=history", "fields may have cause"),
        ("cursor=", "cursor must be the `next` of the page before"),
        ("cursor=abc", "cursor must be the `next` of the page before"),
        ("cursor=abc.1.1", "cursor belongs to another list, filter or sort"),
    ])
    func refuses(query: String, problem: String) throws {
        #expect(try Self.problem(query).hasPrefix(problem))
    }

    @Test func boundsTheValuesOfAFilter() throws {
        let tasks = (1...51).map { "task=t\($0)" }.joined(separator: "&")
        #expect(try Self.problem(tasks) == "task may be given at most 50 times")
    }

    @Test func aCursorBelongsToItsListFilterAndSort() throws {
        let position = ListPosition(key: 1_767_225_600_123, id: 42)
        func cursor(_ query: String) throws -> String {
            try Self.processings(query).list.cursor(ListRequest.place(position))
        }
        let own = try cursor("status=failed&task=a&task=b")
        // In another order, and with other fields and another limit, it is the same list.
        let same = try Self.processings("limit=7&task=b&status=failed&task=a&fields=id&cursor=\(own)")
        #expect(try same.list.range() == ListRange(after: position, limit: 7))
        for other in ["status=failed&task=a", "status=failed&task=a&task=b&sort=created_at", "", "task=b"] {
            #expect(try Self.problem("\(other)&cursor=\(own)").hasPrefix("cursor belongs to another"), "\(other)")
        }
        #expect(try Self.problem("status=failed&task=a&task=b&cursor=\(own)x!").hasPrefix("cursor must be"))
        let events = try Self.call("/api/v1/events?cursor=\(try cursor(""))")
        #expect(throws: Problem.self) {
            try ListRequest(events, sorts: APIService.eventSorts, preset: "-created_at", fields: [])
        }
    }

    @Test func namesTheNextPage() throws {
        let list = try Self.processings("status=failed&task=a%26b&limit=2&fields=id").list
        let page = list.response(items: Array("[1]".utf8), next: "x.y")
        let cursor = list.cursor("x.y")
        #expect(String(decoding: page.body, as: UTF8.self) == #"{"items":[1],"next":"\#(cursor)"}"#)
        #expect(
            page.header("Link")
                == "</api/v1/processings?status=failed&task=a%26b&limit=2&fields=id&cursor=\(cursor)>; rel=\"next\"")
        let last = list.response(items: Array("[]".utf8), next: nil)
        #expect(String(decoding: last.body, as: UTF8.self) == #"{"items":[]}"#)
        #expect(last.header("Link") == nil)
    }

    @Test func aScriptSeesItsOwnTask() throws {
        let script = Caller.script(
            ScriptPeer(processing: 1, script: "a", attempt: 1, task: "own", control: .task))
        #expect(try Self.processings("", caller: script).filter.tasks == ["own"])
        #expect(throws: Problem.self) { try Self.processings("task=other", caller: script) }
    }

    // MARK: What is written by hand is what the coder writes

    private static func record(_ number: Int, _ text: String) -> ProcessingRecord {
        let isOdd = number % 2 == 1
        return ProcessingRecord(
            id: Int64(number), task: "a\(text)", definition: "d", scripts: isOdd ? "s" : nil,
            event: isOdd ? 7 : nil, params: isOdd ? #"{"a":"\#(number)","b":"\"\\\u001bé/"}"# : #"{ "a" : 1.5 }"#,
            priority: -number, status: .failed, outcome: isOdd ? "hard" : nil, script: isOdd ? text : nil,
            reason: text, createdAt: Int64(number) * 86_399_999_999 - 40_000_000_000_000,
            startedAt: isOdd ? -1 : nil, endedAt: isOdd ? 253_402_300_799_999 : nil, cause: isOdd ? "0f" : nil)
    }

    private static func labels(_ id: Int64) -> [String: String] {
        id % 2 == 1 ? ["b": "\"\u{1}", "a": "é"] : [:]
    }

    private static let texts: [String] =
        (0..<0x21).map { String(Unicode.Scalar(UInt8($0))) } + [
            "\u{7f}\u{80}\u{85}\u{2028}\u{2029}\u{FEFF}\u{FFFD}", "\"\\/", "Zürich 日本 👩‍👩‍👧", "", "a\r\nb\u{0}c",
        ]

    @Test func itemsAreWhatTheCoderWrites() throws {
        let list = try Self.processings("").list
        let records = Self.texts.enumerated().map { Self.record($0 * 37, $1) } + [Self.record(99, "x")]
        let labels = Dictionary(uniqueKeysWithValues: records.map { ($0.id, Self.labels($0.id)) })
        let written = try ProcessingItems.json(records, labels: labels, list)
        let encoded = try WireJSON.encode(try records.map { try ProcessingView($0, labels: Self.labels($0.id)) })
        #expect(String(decoding: written, as: UTF8.self) == String(decoding: encoded, as: UTF8.self))
    }

    @Test func fieldsAreWhatWasAskedFor() throws {
        let record = Self.record(7, "},\"id\":{[")
        for fields in [["id"], ["task", "status"], ["params", "reason", "event"], ProcessingView.listFields] {
            let list = try Self.processings("fields=\(fields.joined(separator: ","))").list
            let written = try ProcessingItems.json([record], labels: [7: Self.labels(7)], list)
            // The way of the other lists, which take what the coder wrote apart.
            #expect(written == (try list.encode([try ProcessingView(record, labels: Self.labels(7))])), "\(fields)")
        }
        let list = try Self.processings("fields=task&fields=id").list
        let written = try ProcessingItems.json([record], labels: [:], list)
        #expect(String(decoding: written, as: UTF8.self) == ##"[{"id":7,"task":"a},\"id\":{["}]"##)
    }

    @Test(arguments: [
        (#"{}"#, true), (#"{"a":"b"}"#, true), (#"{"a":"\"}","b":"\u001f"}"#, true), (#"{"a":1}"#, false),
        (#"{"a": "b"}"#, false), (#"{"a":"b",}"#, false), (#"{"a":"b"}}"#, false), (#"{"a":"b""#, false),
        (#"{"a":"b\"}"#, false), (#"{"a":{}}"#, false), ("", false), ("{", false), ("[]", false),
        (#"{"a":"\x"}"#, false),
        ("{\"a\":\"\n\"}", false),
    ])
    func knowsPlainStringMaps(text: String, isPlain: Bool) {
        #expect(JSONBytes.isPlainStringMap(text) == isPlain)
    }
}

@Suite struct PageCacheTests {
    @Test func givesAPageUntilTheStoreChanges() {
        let cache = PageCache()
        func resource(_ path: String, _ items: String...) -> HTTPRequest.Resource {
            .init(path: [path], query: items.map { .init(name: $0, value: "1") })
        }
        let page = HTTPResponse(status: 200, body: [1])
        cache.keep(page, resource("a"), at: 3)
        #expect(cache.page(resource("a"), at: 3) == page)
        #expect(cache.page(resource("a"), at: 4) == nil)
        #expect(cache.page(resource("a", "limit"), at: 3) == nil)
        #expect(cache.page(resource("b"), at: 3) == nil)
        cache.keep(HTTPResponse(status: 200, body: [UInt8](repeating: 0, count: 200_000)), resource("long"), at: 3)
        #expect(cache.page(resource("long"), at: 3) == nil)
        for number in 0..<1000 { cache.keep(page, resource("\(number)"), at: 4) }
        #expect((0..<1000).count { cache.page(resource("\($0)"), at: 4) != nil } <= 64)
    }
}
