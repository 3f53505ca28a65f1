import Dispatch
import Launcher
import Linux
import Sandbox
import Store
import Wire

extension APIService {
    /// Most bytes of a log in one answer.
    static let logPage: Int64 = 1 << 20
    /// Bytes that are read of a log at once where it is sent as it is read.
    private static let logPiece = 64 << 10

    /// Its own, so that it always gets a thread: the global queue has a few for all.
    private static let logQueue = DispatchQueue(label: "altp.api.logs")

    func readLog(_ call: Call) async throws(Problem) -> HTTPResponse {
        let record = try await processing(call.captures["id"])
        let script = call.captures["script"] ?? ""
        let number = Int(try Self.identifier(call.captures["number"], of: "attempt"))
        let offset = try call.query.integer("offset", in: 0...Int64.max, default: 0)
        let limit = try call.query.integer("limit", in: 1...Self.logPage, default: 256 << 10)
        let reference = Reference(processing: record.id, script: script, attempt: number)
        if try call.query.integer("follow", in: 0...1, default: 0) == 1 {
            return try await streamLog(reference, from: offset, for: call.caller)
        }
        // Read before the log is: an attempt that had ended then writes no more, so what is read is all there is.
        let attempt = try await attempt(script, number, of: record.id)
        let directory = try await launched { () async throws(LauncherError) in
            try await launcher.evidenceDirectory(processing: record.id, script: script, number: number)
        }
        let range = call.request.headers["range"]
        let slice = try await logSlice(directory, offset: offset, limit: range == nil ? Int(limit) : 0)
        let headers: [HTTPResponse.Header] = [
            .init("Content-Type", "text/plain"), .init("Accept-Ranges", "bytes"),
            .init(LogHeader.size, String(slice.size)),
            .init(LogHeader.state, attempt.state == .ended ? "ended" : "running"),
        ]
        guard let range else { return HTTPResponse(status: 200, headers: headers, body: slice.bytes) }
        let part: Range<Int64>
        switch ByteRange(range, size: slice.size) {
        case .part(let bytes): part = bytes
        case .unsatisfiable:
            return .problem(
                Problems.rangeNotSatisfiable(size: slice.size).about(call.request),
                headers: [.init("Content-Range", "bytes */\(slice.size)")])
        case .whole:
            let whole = try await logSlice(directory, offset: offset, limit: Int(limit))
            return HTTPResponse(status: 200, headers: headers, body: whole.bytes)
        }
        let tail = LogTail(
            reference, directory: directory.path, offset: part.lowerBound, limit: Self.logPiece, hub: logs)
        return HTTPResponse(
            status: 206,
            headers: headers + [
                .init("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(slice.size)")
            ], stream: ResponseStream(LogBody(tail, limit: Int64(part.count)) {}, size: Int64(part.count)))
    }

    /// The log from an offset on, as it grows.
    private func streamLog(
        _ reference: Reference, from offset: Int64, for caller: Caller
    ) async throws(Problem) -> HTTPResponse {
        try await stored { () async throws(StoreError) in try await feed.hold() }
        do throws(Problem) {
            let tail = try await followLog(reference, from: offset, limit: Self.logPiece, for: caller)
            let feed = feed
            return HTTPResponse(
                status: 200, headers: [.init("Content-Type", "text/plain"), .init("X-Accel-Buffering", "no")],
                stream: ResponseStream(LogBody(tail) { feed.release() }))
        } catch {
            feed.release()
            throw error
        }
    }

    private func logSlice(
        _ directory: AttemptDirectory, offset: Int64, limit: Int
    ) async throws(Problem) -> LogSlice {
        // Reading a disk blocks, and the cooperative threads are few.
        let result = await withCheckedContinuation { continuation in
            Self.logQueue.async {
                continuation.resume(
                    returning: Result { () throws(SystemError) in
                        try LogSlice(directory: directory.path, offset: offset, limit: limit)
                    })
            }
        }
        switch result {
        case .success(let slice): return slice
        case .failure(let error):
            log("api: \(error)")
            throw Problems.failed("The log could not be read; the Launcher's log says why.")
        }
    }
}
