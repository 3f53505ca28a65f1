package import Configuration
import Glibc
package import Linux
package import Store

/// Tells those who want to know that a Processing has ended, until they have taken it or time is up. What is to be told is
/// in the store, from the transaction that ended the Processing: each is told at least once, under the same id every time.
package actor Courier {
    /// Tries at the same time, of all and of one who is told: one that never answers does not hold up the others.
    private static let most = 8
    private static let mostOfOne = 2
    /// Deliveries that are over and stay on the list, of each kind.
    private static let kept = 10_000
    private static let trimInterval = 500
    private static let longestWait: Int64 = 3_600_000

    private let store: Store
    private let targets: @Sendable () async -> [NotificationTarget]
    private let contents: DeliveryContents
    private let now: @Sendable () -> Int64
    private let log: @Sendable (String) -> Void
    private let client = WebClient()

    /// By delivery: who is being told.
    private var underWay: [Int64: String] = [:]
    private var isLooking = false
    private var isLookDue = false
    private var timer: Task<Void, Never>?
    private var untrimmed = 0
    private var isStopped = false

    /// - Parameters:
    ///   - targets: those of altp.yaml as it is now.
    ///   - contents: what they are told.
    ///   - now: milliseconds since the epoch.
    package init(
        store: Store, targets: @escaping @Sendable () async -> [NotificationTarget], contents: DeliveryContents,
        now: @escaping @Sendable () -> Int64, log: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.targets = targets
        self.contents = contents
        self.now = now
        self.log = log
    }

    /// There may be something to be told: looks, beside everything else.
    package nonisolated func wake() { Task { await self.look() } }

    /// Begins nothing more. What is under way is done again at the next start.
    package func stop() {
        isStopped = true
        timer?.cancel()
    }

    /// Has a delivery tried again now, whatever became of it.
    ///
    /// - Returns: nil when there is none of this id.
    package func redeliver(_ id: Int64) async throws(StoreError) -> DeliveryRecord? {
        guard var delivery = try await store.delivery(id) else { return nil }
        delivery.state = .waiting
        delivery.tries = 0
        delivery.beganAt = now()
        delivery.dueAt = delivery.beganAt
        try await write(delivery)
        wake()
        return delivery
    }

    private func look() async {
        isLookDue = true
        guard !isLooking else { return }
        isLooking = true
        defer { isLooking = false }
        var next = Int64.max
        while isLookDue, !isStopped {
            isLookDue = false
            do throws(StoreError) {
                next = try await beginDue()
            } catch {
                log("notify: \(error)")
                next = now() + 10_000
            }
        }
        timer?.cancel()
        guard next < .max, !isStopped else { return }
        let wait = max(1, min(next - now(), Self.longestWait))
        timer = Task { [weak self] in
            do {
                try await Task.sleep(for: .milliseconds(wait))
            } catch {
                return
            }
            await self?.look()
        }
    }

    /// Begins with what is due, as far as there is room.
    ///
    /// - Returns: when the next is due. What has no room now is looked at when there is some.
    private func beginDue() async throws(StoreError) -> Int64 {
        let waiting = try await store.waitingTargets()
        guard !waiting.isEmpty else { return .max }
        let known = Dictionary(await targets().map { ($0.name, $0) }) { first, _ in first }
        var next = Int64.max
        for (name, due) in waiting.sorted(by: { $0.value < $1.value }) {
            guard due <= now() else {
                next = min(next, due)
                continue
            }
            let limit = Self.mostOfOne + underWay.values.count { $0 == name }
            // One that comes to its end while the store is read still waits in what was read, and must not be told twice.
            let before = Set(underWay.keys)
            for delivery in try await store.waitingDeliveries(to: name, limit: limit + 1) {
                guard underWay[delivery.id] == nil, !before.contains(delivery.id) else { continue }
                guard delivery.dueAt <= now() else {
                    next = min(next, delivery.dueAt)
                    break
                }
                guard underWay.count < Self.most, underWay.values.count(where: { $0 == name }) < Self.mostOfOne else {
                    break
                }
                underWay[delivery.id] = name
                Task { await self.deliver(delivery, to: known[name]) }
            }
        }
        return next
    }

    private func deliver(_ delivery: DeliveryRecord, to target: NotificationTarget?) async {
        var delivery = delivery
        var attempt = Attempt(result: .refused, response: nil, error: "altp.yaml has no notify of this name any more")
        if let target { attempt = await attempted(delivery, target) }
        delivery.tries += 1
        delivery.triedAt = now()
        delivery.response = attempt.response
        delivery.error = attempt.error.map { String($0.prefix(1000)) }
        let schedule = DeliverySchedule(patience: target?.retryFor.milliseconds ?? 0)
        switch schedule.next(
            after: attempt.result, tries: delivery.tries, begun: delivery.beganAt, now: now(),
            jitter: Double.random(in: 0...1))
        {
        case .done: delivery.state = .delivered
        case .again(let due): delivery.dueAt = due
        case .givenUp:
            delivery.state = .failed
            log(
                "notify: \(delivery.target) could not be told of Processing \(delivery.processing.id): "
                    + (attempt.error ?? ""))
        }
        do throws(StoreError) {
            try await write(delivery)
        } catch {
            log("notify: \(error)")
            // It is told once more, but not again and again at once.
            try? await Task.sleep(for: .seconds(10))
        }
        underWay[delivery.id] = nil
        await look()
    }

    private func write(_ delivery: DeliveryRecord) async throws(StoreError) {
        untrimmed += 1
        let isTrimDue = untrimmed >= Self.trimInterval
        if isTrimDue { untrimmed = 0 }
        try await store.write { transaction throws(StoreError) in
            try transaction.updateDelivery(delivery)
            if isTrimDue { try transaction.trimDeliveries(keep: Self.kept) }
        }
    }

    // MARK: One try

    private struct Attempt {
        var result: DeliverySchedule.Result
        var response: Int?
        var error: String?
    }

    private func attempted(_ delivery: DeliveryRecord, _ target: NotificationTarget) async -> Attempt {
        do {
            switch target.channel {
            case .webhook(let url, let file):
                let secret = try file.map(SecretFile.read)
                let message = WebhookMessage(
                    id: delivery.key, timestamp: now() / 1000, body: try contents.body(delivery))
                let answer = await client.post(
                    WebPost(
                        url: url, headers: message.headers(secret: secret) + ["User-Agent: \(contents.agent)"],
                        body: message.body, timeout: target.timeout.milliseconds))
                return Self.attempt(answer)
            case .mail(let command, let to, let from):
                let message = MailMessage(
                    from: from, to: to, subject: contents.subject(delivery),
                    id: "\(delivery.key)@\(contents.host)", date: now(), lines: contents.lines(delivery))
                let answer = await MailCommand.run(
                    command, input: Array(message.text.utf8), timeout: target.timeout.milliseconds)
                return Self.attempt(answer)
            }
        } catch {
            return Attempt(result: .failed(notBefore: nil), response: nil, error: "\(error)")
        }
    }

    private static func attempt(_ answer: WebAnswer) -> Attempt {
        switch answer {
        case .status(200..<300, _, _): Attempt(result: .delivered, response: answer.status, error: nil)
        // Who is gone says so, and is not asked again.
        case .status(410, let text, _):
            Attempt(result: .refused, response: 410, error: "HTTP status 410, gone for good: \(text)")
        case .status(let status, let text, let retryAfter):
            Attempt(
                result: .failed(notBefore: retryAfter), response: status,
                error: "HTTP status \(status)" + (text.isEmpty ? "" : ": \(text)"))
        case .failure(let text): Attempt(result: .failed(notBefore: nil), response: nil, error: text)
        }
    }

    private static func attempt(_ answer: MailCommand.Answer) -> Attempt {
        switch answer {
        case .status(0, _): Attempt(result: .delivered, response: 0, error: nil)
        case .status(let status, let text):
            Attempt(
                result: .failed(notBefore: nil), response: status,
                error: "exit status \(status)" + (text.isEmpty ? "" : ": \(text)"))
        case .failure(let text): Attempt(result: .failed(notBefore: nil), response: nil, error: text)
        }
    }
}

extension WebAnswer {
    fileprivate var status: Int? { if case .status(let status, _, _) = self { status } else { nil } }
}

/// What is told of a Processing, in the forms of the API.
package struct DeliveryContents: Sendable {
    /// Of a webhook.
    package var body: @Sendable (DeliveryRecord) throws -> [UInt8]
    /// Of a mail.
    package var subject: @Sendable (DeliveryRecord) -> String
    package var lines: @Sendable (DeliveryRecord) -> [String]
    /// The program's name and version.
    package var agent: String
    /// This host's name.
    package var host: String

    package init(
        body: @escaping @Sendable (DeliveryRecord) throws -> [UInt8],
        subject: @escaping @Sendable (DeliveryRecord) -> String,
        lines: @escaping @Sendable (DeliveryRecord) -> [String], agent: String, host: String
    ) {
        self.body = body
        self.subject = subject
        self.lines = lines
        self.agent = agent
        self.host = host
    }
}

/// A file that holds a secret and, at its end, perhaps a line feed.
package enum SecretFile {
    private static let longest = 4096

    package static func read(_ path: String) throws(SystemError) -> String {
        // Read anew each time, so that a secret can be changed by changing the file.
        let file = try FileDescriptor.open(path, O_RDONLY | O_NONBLOCK)
        var status = stat()
        try check("fstat", path) { fstat(file.raw, &status) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw SystemError("read", path, number: EINVAL) }
        var bytes: [UInt8]
        do {
            bytes = try file.readAll(limit: longest)
        } catch {
            throw SystemError(error.call, path, number: error.number)
        }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        // An empty key would let anybody sign.
        guard !bytes.isEmpty, let text = String(validating: bytes, as: UTF8.self) else {
            throw SystemError("read", path, number: ENODATA)
        }
        return text
    }
}
