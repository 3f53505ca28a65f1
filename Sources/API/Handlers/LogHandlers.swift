import Dispatch
import Launcher
import Linux
import Sandbox
import Store
import Wire

extension APIService {
    /// Most bytes of a log in one answer.
    static let logPage: Int64 = 1 << 20

    /// Its own, so that it always gets a thread: the global queue has a few for all.
    private static let logQueue = DispatchQueue(label: "altp.api.logs")

    func readLog(_ call: Call) async throws(Problem) -> HTTPResponse {
        let record = try await processing(call.captures["id"])
        let script = call.captures["script"] ?? ""
        let number = Int(try Self.identifier(call.captures["number"], of: "attempt"))
        let offset = try call.query.integer("offset", in: 0...Int64.max, default: 0)
        let limit = try call.query.integer("limit", in: 1...Self.logPage, default: 256 << 10)
        // Read before the log is: an attempt that had ended then writes no more, so what is read is all there is.
        let attempts = try await stored { () async throws(StoreError) in
            try await launcher.store.attempts(of: record.id)
        }
        guard let attempt = attempts.first(where: { $0.script == script && $0.number == number }) else {
            throw Problems.notFound("There is no attempt \(record.id)/\(script.prefix(100))#\(number).")
        }
        let directory = try await launched { () async throws(LauncherError) in
            try await launcher.evidenceDirectory(processing: record.id, script: script, number: number)
        }
        let slice = try await logSlice(directory, offset: offset, limit: Int(limit))
        return HTTPResponse(
            status: 200,
            headers: [
                .init("Content-Type", "text/plain"), .init(LogHeader.size, String(slice.size)),
                .init(LogHeader.state, attempt.state == .ended ? "ended" : "running"),
            ], body: slice.bytes)
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
