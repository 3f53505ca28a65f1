/// Where a request is between its headers and its answer. The library's calls go in, what to do comes out.
struct RequestProgress {
    enum Action: Equatable {
        /// More of the request is to come, or its handler runs.
        case wait
        /// It is whole.
        case handle(body: [UInt8])
        case answer(HTTPResponse)
        /// Its body is longer than the limit.
        case refuse
        /// So long that it is not worth reading to its end: close the connection.
        case abandon
    }

    private enum Phase {
        case begun
        /// The body so far; nothing of it is kept beyond the limit.
        case receiving(body: [UInt8], count: Int)
        case handling
        case answered(HTTPResponse)
        /// The answer is in the library's hands.
        case done
    }

    /// Bytes of a body.
    private(set) var limit: Int
    private var phase = Phase.begun

    init(limit: Int) { self.limit = limit }

    /// Takes no longer body than this, before the first call.
    mutating func restrict(to limit: Int) { self.limit = min(self.limit, limit) }

    var hasBegun: Bool { if case .begun = phase { false } else { true } }

    /// The library's next call about the request: the first is for its headers, then come one for each part of the body,
    /// a last one without, and one more when the connection is resumed.
    ///
    /// - Parameter contentLength: what the request's header says, when it has one.
    mutating func advance(_ chunk: UnsafeRawBufferPointer, contentLength: String?) -> Action {
        switch phase {
        case .begun:
            // Refused before it is read; a length that is no number is not read either.
            if let contentLength, Int(contentLength).map({ $0 > limit }) ?? true {
                phase = .done
                return .refuse
            }
            phase = .receiving(body: [], count: 0)
            return chunk.isEmpty ? .wait : advance(chunk, contentLength: nil)
        case .receiving(var body, let count):
            guard chunk.isEmpty else {
                // The phase gives its copy up, so that appending does not copy what came before.
                phase = .begun
                return receive(chunk, &body, count)
            }
            guard count <= limit else {
                phase = .done
                return .refuse
            }
            phase = .handling
            return .handle(body: body)
        case .answered(let response):
            phase = .done
            return .answer(response)
        case .handling, .done: return .wait
        }
    }

    /// The handler has ended.
    mutating func answer(_ response: HTTPResponse) { phase = .answered(response) }

    private mutating func receive(_ chunk: UnsafeRawBufferPointer, _ body: inout [UInt8], _ before: Int) -> Action {
        let count = before + chunk.count
        // Read on for a while and dropped, so that an honest client gets its answer.
        guard count <= 16 * limit else {
            phase = .done
            return .abandon
        }
        if count > limit { body = [] } else { body.append(contentsOf: chunk) }
        phase = .receiving(body: body, count: count)
        return .wait
    }
}
