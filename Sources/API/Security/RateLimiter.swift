/// A bucket of requests: it holds `burst` at most, and fills at a steady rate. Pure: the time is given.
package struct TokenBucket: Sendable, Hashable {
    private var level: Double
    private var filledAt: Double

    /// A full one. Times are in seconds, of any steady clock.
    package init(burst: Int, at now: Double) {
        level = Double(burst)
        filledAt = now
    }

    /// Takes a request out.
    ///
    /// - Returns: nil when there was one, else the seconds until there will be.
    package mutating func take(rate: Double, burst: Int, at now: Double) -> Double? {
        fill(rate: rate, burst: burst, at: now)
        guard level >= 1 else { return (1 - level) / rate }
        level -= 1
        return nil
    }

    /// Nothing tells a full bucket from a new one.
    mutating func isFull(rate: Double, burst: Int, at now: Double) -> Bool {
        fill(rate: rate, burst: burst, at: now)
        return level >= Double(burst)
    }

    private mutating func fill(rate: Double, burst: Int, at now: Double) {
        level = min(Double(burst), level + max(0, now - filledAt) * rate)
        filledAt = max(filledAt, now)
    }
}

/// A bucket for each client, a bounded number of them.
package struct RateLimiter: Sendable {
    private let rate: Double
    private let burst: Int
    private let most: Int
    private var buckets: [ConnectionShare: TokenBucket] = [:]
    /// Of all clients that come when there are too many.
    private var crowd: TokenBucket
    /// When full buckets were last looked for among as many as there may be.
    private var sweptAt = -Double.infinity

    package init(rate: Double, burst: Int, most: Int = 20_000) {
        self.rate = rate
        self.burst = burst
        self.most = most
        crowd = TokenBucket(burst: burst, at: 0)
    }

    /// - Returns: nil when the client's request is within its rate, else the seconds to wait.
    package mutating func admit(_ client: ConnectionShare, at now: Double) -> Double? {
        if buckets[client] == nil, buckets.count >= most {
            sweep(at: now)
            // An attacker with many addresses: they share one bucket, and those that have one keep theirs.
            if buckets.count >= most { return crowd.take(rate: rate, burst: burst, at: now) }
        }
        return buckets[client, default: TokenBucket(burst: burst, at: now)].take(rate: rate, burst: burst, at: now)
    }

    private mutating func sweep(at now: Double) {
        // All of them are looked at, so not for each request.
        guard now - sweptAt >= 1 else { return }
        sweptAt = now
        buckets = buckets.filter { entry in
            var bucket = entry.value
            return !bucket.isFull(rate: rate, burst: burst, at: now)
        }
    }
}
