import Launcher
import Store
import Wire

extension APIService {
    /// How many of an action's Processings are at work at a time: enough that their transactions share a commit.
    private static let slice = 64

    /// Which Processings an action is about. Once it has begun it is about these, also when it is asked for again.
    private struct Chosen: Codable, Sendable {
        var ids: [Int64]
        var more: Bool
    }

    func actOnProcessings(_ call: Call) async throws(Problem) -> HTTPResponse {
        let body = try BodyReader.read(ActOnProcessings.self, from: call.request)
        let action = try Self.action(body)
        let isDry = body.dryRun ?? false
        var finished: Set<Int64> = []
        let chosen: Chosen
        if let before = try made(Chosen.self, call), let receipt = call.receipt {
            chosen = before
            finished = try await stored { () async throws(StoreError) in
                try await launcher.store.itemsDone(receipt)
            }
        } else {
            chosen = try await choose(body, call.caller)
            if let receipt = call.receipt, !isDry { try await begin(chosen, receipt) }
        }
        var items: [ActionsView.Item] = []
        for start in stride(from: 0, to: chosen.ids.count, by: Self.slice) {
            let ids = chosen.ids[start..<min(start + Self.slice, chosen.ids.count)]
            items += await withTaskGroup(of: (Int, ActionsView.Item).self) { group in
                for (index, id) in ids.enumerated() {
                    let isDone = finished.contains(id)
                    group.addTask {
                        if isDone { return (index, .init(processing: id, result: "done")) }
                        return (index, await act(action, on: id, isDry: isDry, call))
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.map(\.1)
            }
        }
        return .json(
            ActionsView(action: body.action.rawValue, dryRun: isDry, more: chosen.more, items: items))
    }

    private func act(
        _ action: ProcessingAction, on id: Int64, isDry: Bool, _ call: Call
    ) async -> ActionsView.Item {
        do throws(Problem) {
            if let visible = call.caller.visibleTasks {
                let task = try await processing(String(id)).task
                guard visible.contains(task) else {
                    throw Problems.forbidden("Processing \(id) belongs to the Task \(task).")
                }
            }
            let (who, receipt) = (call.caller.source, call.receipt)
            try await launched { () async throws(LauncherError) in
                if isDry {
                    try await launcher.check(action, on: id, by: who)
                } else {
                    try await launcher.perform(action, on: id, by: who, receipt: receipt?.forItem(id))
                }
            }
            return .init(processing: id, result: isDry ? "possible" : "done")
        } catch {
            return .init(processing: id, result: "refused", problem: error.type, detail: error.detail)
        }
    }

    private static func action(_ body: ActOnProcessings) throws(Problem) -> ProcessingAction {
        try FieldCheck.line(body.reason, "reason")
        func only(_ field: String, _ isGiven: Bool, for action: ActOnProcessings.Action) throws(Problem) {
            guard !isGiven || body.action == action else {
                throw FieldCheck.wrong(field, "is for \(action.rawValue), and this is \(body.action.rawValue)")
            }
        }
        try only("from", body.from != nil, for: .rerun)
        try only("current", body.current != nil, for: .rerun)
        try only("script", body.script != nil, for: .skip)
        try only("reason", body.reason != nil, for: .pin)
        switch body.action {
        case .rerun: return .rerun(from: body.from, using: body.current == true ? .current : .original)
        case .cancel: return .cancel
        case .skip:
            guard let script = body.script else { throw FieldCheck.wrong("script", "is missing") }
            return .skip(script: script)
        case .release: return .release
        case .pin: return .pin(reason: body.reason)
        case .unpin: return .unpin
        }
    }

    private func choose(_ body: ActOnProcessings, _ caller: Caller) async throws(Problem) -> Chosen {
        let most = ActOnProcessings.most
        switch (body.ids, body.query) {
        case (nil, nil): throw FieldCheck.wrong("ids", "or query is needed")
        case (_?, _?): throw FieldCheck.wrong("ids", "and query exclude each other")
        case (let ids?, nil):
            guard body.limit == nil else { throw FieldCheck.wrong("limit", "is for a query") }
            guard (1...most).contains(ids.count) else {
                throw FieldCheck.wrong("ids", "must have 1 to \(most) numbers")
            }
            guard ids.allSatisfy({ $0 > 0 }) else { throw FieldCheck.wrong("ids", "must be numbers of Processings") }
            var seen: Set<Int64> = []
            return Chosen(ids: ids.filter { seen.insert($0).inserted }, more: false)
        case (nil, let selection?):
            if let limit = body.limit, !(1...most).contains(limit) {
                throw FieldCheck.wrong("limit", "must be from 1 to \(most)")
            }
            let (filter, order) = try ProcessingQuery.filter(selection, caller)
            let limit = body.limit ?? most
            let page = try await stored { () async throws(StoreError) in
                try await launcher.store.processings(filter, by: order, ListRange(descending: false, limit: limit))
            }
            guard page.next == nil || body.limit != nil else {
                throw FieldCheck.wrong(
                    "query", "finds more than \(most) Processings; narrow it, or give a limit and repeat it")
            }
            return Chosen(ids: page.items.map(\.id), more: page.next != nil)
        }
    }

    /// What is chosen is on the disk before anything is done with it.
    private func begin(_ chosen: Chosen, _ receipt: RequestReceipt) async throws(Problem) {
        let made = String(decoding: try mapped { try WireJSON.encode(chosen) }, as: UTF8.self)
        let at = Launcher.systemTime()
        try await stored { () async throws(StoreError) in
            try await launcher.store.write { transaction throws(StoreError) in
                try transaction.keep(receipt, made: made, at: at)
            }
        }
    }
}
