import Launcher
import Store
import Wire

extension APIService {
    /// Longer answers are not kept: they are made anew from what the request has made.
    private static let longestAnswer = 64 << 10

    /// Carries a request out, or repeats the answer to one that was carried out before.
    func once(_ text: String, _ route: Route, _ call: Call) async throws(Problem) -> HTTPResponse {
        guard route.isReplayable else {
            throw Problems.malformed(
                "This cannot be repeated, so it takes no Idempotency-Key.",
                errors: [.init(field: "Idempotency-Key", detail: "is not taken here")])
        }
        guard let key = IdempotencyKey.parse(text) else {
            let rule = "must be a string of 1 to \(IdempotencyKey.longest) printable ASCII characters, in quotes"
            throw Problems.malformed(
                "Idempotency-Key \(rule).", errors: [.init(field: "Idempotency-Key", detail: rule)])
        }
        let receipt = RequestReceipt(
            caller: call.caller.source, key: key, request: IdempotencyKey.hash(of: call.request))
        switch underWay.begin(receipt) {
        case .begun: break
        case .isUnderWay: throw Problems.underWay
        case .reused: throw Problems.keyReused
        }
        defer { underWay.end(receipt) }
        let record = try await stored { () async throws(StoreError) in try await launcher.store.request(receipt) }
        var call = call
        call.receipt = receipt
        switch IdempotencyKey.decide(record, request: receipt.request, now: Launcher.systemTime()) {
        case .reused: throw Problems.keyReused
        case .replay(let answer): return try replay(answer)
        case .answer(let made):
            call.made = made
            var response = try await route.handler(self, call)
            response.headers.append(.init(IdempotencyKey.replayed, "true"))
            return response
        case .run: break
        }
        let response = try await route.handler(self, call)
        // What was refused has changed nothing, and may be possible next time.
        if (200..<300).contains(response.status) { await keep(response, to: receipt) }
        return response
    }

    private func keep(_ response: HTTPResponse, to receipt: RequestReceipt) async {
        guard response.body.count <= Self.longestAnswer, response.stream == nil else { return }
        do {
            let headers = try WireJSON.encode(response.headers.map { [$0.name, $0.value] })
            let answer = StoredAnswer(
                status: response.status, headers: String(decoding: headers, as: UTF8.self),
                body: String(decoding: response.body, as: UTF8.self))
            let at = Launcher.systemTime()
            try await launcher.store.write { transaction throws(StoreError) in
                try transaction.keep(answer, to: receipt, at: at)
            }
        } catch {
            // It is done, and whoever asked is to know.
            log("api: the answer to a request with an Idempotency-Key is not kept: \(error)")
        }
    }

    private func replay(_ answer: StoredAnswer) throws(Problem) -> HTTPResponse {
        let headers = try mapped { try WireJSON.decode([[String]].self, from: Array(answer.headers.utf8)) }
        return HTTPResponse(
            status: answer.status,
            headers: headers.filter { $0.count == 2 }.map { .init($0[0], $0[1]) }
                + [.init(IdempotencyKey.replayed, "true")], body: Array(answer.body.utf8))
    }

    /// What a request has made, as the transaction that made it has noted.
    func made<Note: Decodable>(_ type: Note.Type, _ call: Call) throws(Problem) -> Note? {
        guard let made = call.made else { return nil }
        return try mapped { try WireJSON.decode(type, from: Array(made.utf8)) }
    }
}

extension Route {
    /// Its answer may be given a second time. A session's terminal is there for one client alone, and of a partner's post it
    /// is not known whose it is.
    var isReplayable: Bool {
        method == .post && access != .partner && !path.description.hasSuffix("/sessions")
    }
}
