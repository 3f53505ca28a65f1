/// Decides what becomes of a request's body as its bytes come: kept up to a limit, read and dropped beyond it so that
/// the client can be answered, and cut off where it goes on and on.
struct BodyIntake {
    enum Verdict: Equatable {
        case proceed
        /// Longer than the limit; 413 once the client has sent it all.
        case tooLarge
        /// Not worth reading to its end: close the connection.
        case abandon
    }

    let limit: Int
    private(set) var bytes: [UInt8] = []
    private var received = 0

    init(limit: Int) { self.limit = limit }

    var isTooLarge: Bool { received > limit }

    /// - Parameter contentLength: what the request's header says, when it has one.
    /// - Returns: `tooLarge` when it need not be read at all.
    func announced(_ contentLength: String?) -> Verdict {
        guard let contentLength else { return .proceed }
        guard let length = Int(contentLength) else { return .tooLarge }
        return length > limit ? .tooLarge : .proceed
    }

    mutating func take(_ chunk: UnsafeRawBufferPointer) -> Verdict {
        received += chunk.count
        if received > 16 * limit { return .abandon }
        guard received <= limit else {
            bytes = []
            return .tooLarge
        }
        bytes.append(contentsOf: chunk)
        return .proceed
    }
}
