import CCurl
import Glibc
import Linux
import Synchronization

/// An HTTP request that is posted.
struct WebPost: Sendable {
    var url: String
    /// Whole lines.
    var headers: [String]
    var body: [UInt8]
    var timeout: Int64
}

/// What came of it.
enum WebAnswer: Sendable, Hashable {
    /// The beginning of its body, for people.
    case status(Int, text: String, retryAfter: Int64?)
    case failure(String)
}

/// Posts by libcurl's multi interface, all on one thread, which is made when it is first needed.
final class WebClient: Sendable {
    private struct State {
        var new: [Transfer] = []
        /// Of the thread, while it runs.
        var multi: Multi?
    }

    /// May be woken from any thread (curl_multi_wakeup(3)); all else is done on the client's own.
    private struct Multi: @unchecked Sendable {
        let pointer: UnsafeMutableRawPointer
    }

    private let state = Mutex(State())

    func post(_ post: WebPost) async -> WebAnswer {
        await withCheckedContinuation { continuation in
            let transfer = Transfer(post) { continuation.resume(returning: $0) }
            let isRunning = state.withLock { state in
                state.new.append(transfer)
                if let multi = state.multi { altp_curl_multi_wakeup(multi.pointer) }
                return state.multi != nil
            }
            if !isRunning { start() }
        }
    }

    private func start() {
        let failure = state.withLock { state -> String? in
            guard state.multi == nil else { return nil }
            // Before there are other threads of the library's.
            if let obstacle = altp_curl_load() {
                return "libcurl cannot be loaded (Debian has it in the package libcurl4): \(String(cString: obstacle))"
            }
            guard let multi = altp_curl_multi_init() else { return "libcurl cannot be initialised" }
            let shared = Multi(pointer: multi)
            state.multi = shared
            do throws(SystemError) {
                pthread_detach(try SystemThread.start { self.run(shared) })
                return nil
            } catch {
                state.multi = nil
                altp_curl_multi_cleanup(multi)
                return "\(error)"
            }
        }
        guard let failure else { return }
        for transfer in takeNew() { transfer.finish(.failure(failure)) }
    }

    private func takeNew() -> [Transfer] {
        state.withLock { state in
            defer { state.new = [] }
            return state.new
        }
    }

    /// Lives as long as the process, and sleeps while there is nothing to do.
    private func run(_ multi: Multi) {
        while true {
            for transfer in takeNew() { begin(transfer, multi) }
            var running: Int32 = 0
            altp_curl_multi_perform(multi.pointer, &running)
            var code = CURLE_OK
            while let handle = altp_curl_done(multi.pointer, &code) {
                altp_curl_multi_remove(multi.pointer, handle)
                end(handle, code)
            }
            altp_curl_multi_poll(multi.pointer, running > 0 ? 1000 : 3_600_000)
        }
    }

    private func begin(_ transfer: Transfer, _ multi: Multi) {
        guard let handle = altp_curl_easy_init() else { return transfer.finish(.failure("libcurl has no handle")) }
        let context = Unmanaged.passRetained(transfer)
        let code = altp_curl_post(
            handle, transfer.url, transfer.makeHeaders(), transfer.body, transfer.size, Int(transfer.timeout), sink,
            context.toOpaque(), transfer.errors)
        if code == CURLE_OK, altp_curl_multi_add(multi.pointer, handle) == CURLM_OK { return }
        altp_curl_easy_cleanup(handle)
        context.release()
        transfer.finish(.failure(String(cString: altp_curl_text(code))))
    }

    private func end(_ handle: UnsafeMutableRawPointer, _ code: CURLcode) {
        let transfer = Unmanaged<Transfer>.fromOpaque(altp_curl_context(handle)!).takeRetainedValue()
        let status = Int(altp_curl_status(handle))
        let retryAfter = altp_curl_retry_after(handle)
        altp_curl_easy_cleanup(handle)
        // A long answer is not read to its end; its status is known.
        if code == CURLE_OK || code == CURLE_WRITE_ERROR && status > 0 {
            transfer.finish(
                .status(status, text: transfer.answer, retryAfter: retryAfter > 0 ? Int64(retryAfter) * 1000 : nil))
        } else {
            let detail = String(cString: transfer.errors)
            transfer.finish(.failure(detail.isEmpty ? String(cString: altp_curl_text(code)) : detail))
        }
    }
}

/// Takes a part of an answer's body.
private let sink: @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
    bytes, size, count, context in
    guard let bytes, let context else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: size * count))
}

/// One request on its way, with what libcurl borrows of it.
///
/// `@unchecked`: used on the client's thread alone, once it has been handed to it.
private final class Transfer: @unchecked Sendable {
    private static let kept = 500
    private static let longest = 64 << 10

    let url: UnsafeMutablePointer<CChar>
    private let lines: [String]
    private var headers: UnsafeMutablePointer<curl_slist>?
    let body: UnsafeMutableRawPointer
    let size: Int
    let timeout: Int64
    let errors: UnsafeMutablePointer<CChar>
    let finish: @Sendable (WebAnswer) -> Void
    private var received = 0
    private var beginning: [UInt8] = []

    init(_ post: WebPost, finish: @escaping @Sendable (WebAnswer) -> Void) {
        url = strdup(post.url)
        lines = post.headers
        size = post.body.count
        body = UnsafeMutableRawPointer.allocate(byteCount: max(1, size), alignment: 1)
        body.copyMemory(from: post.body, byteCount: size)
        timeout = post.timeout
        errors = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        errors.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        self.finish = finish
    }

    deinit {
        free(url)
        if let headers { altp_curl_free(headers) }
        body.deallocate()
        errors.deallocate()
    }

    /// Once the library is loaded.
    func makeHeaders() -> UnsafeMutablePointer<curl_slist>? {
        for line in lines { headers = altp_curl_append(headers, line) ?? headers }
        return headers
    }

    var answer: String { String(decoding: beginning, as: UTF8.self) }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        received += bytes.count
        beginning += bytes.prefix(Self.kept - beginning.count)
        return received > Self.longest ? 0 : bytes.count
    }
}
