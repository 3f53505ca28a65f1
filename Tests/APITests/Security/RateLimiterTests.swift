import Testing

@testable import API

@Suite struct RateLimiterTests {
    /// At each time, whether a request is let through, or how long it is to wait.
    @Test(
        arguments: [
            // A burst, then one each half second.
            (2, 3, [(0, nil), (0, nil), (0, nil), (0, 0.5), (0.25, 0.25), (0.5, nil), (0.5, 0.5), (10, nil)]),
            // No more is saved than the burst.
            (1, 1, [(0, nil), (100, nil), (100, 1), (101, nil)]),
            // A slow rate.
            (0.1, 1, [(0, nil), (1, 9), (9, 1), (10, nil)]),
            // A clock that goes back gives nothing, and takes nothing.
            (1, 1, [(5, nil), (4, 1), (5, 1), (6, nil)]),
        ] as [(Double, Int, [(Double, Double?)])])
    func fillsAtItsRate(_ rate: Double, _ burst: Int, _ requests: [(Double, Double?)]) throws {
        var bucket = TokenBucket(burst: burst, at: requests[0].0)
        for (time, expected) in requests {
            let wait = bucket.take(rate: rate, burst: burst, at: time)
            #expect((wait == nil) == (expected == nil), "at \(time): \(String(describing: wait))")
            if let wait, let expected { #expect(abs(wait - expected) < 1e-9, "at \(time)") }
        }
    }

    private static func client(_ number: Int) -> ConnectionShare {
        .client(withUnsafeBytes(of: UInt32(number)) { Array($0) })
    }

    @Test func countsEachClientByItself() {
        var limiter = RateLimiter(rate: 1, burst: 1)
        #expect(limiter.admit(Self.client(1), at: 0) == nil)
        #expect(limiter.admit(Self.client(1), at: 0) == 1)
        #expect(limiter.admit(Self.client(2), at: 0) == nil)
        #expect(limiter.admit(.token("a"), at: 0) == nil)
        #expect(limiter.admit(.token("a"), at: 0) == 1)
    }

    @Test func manyClientsShareWhatIsLeft() {
        var limiter = RateLimiter(rate: 1, burst: 2, most: 3)
        for number in 0..<3 { #expect(limiter.admit(Self.client(number), at: 0) == nil) }
        // The fourth and all others have one bucket together; who was there keeps an own one.
        #expect(limiter.admit(Self.client(3), at: 0) == nil)
        #expect(limiter.admit(Self.client(4), at: 0) == nil)
        #expect(limiter.admit(Self.client(5), at: 0) != nil)
        #expect(limiter.admit(Self.client(0), at: 0) == nil)
        // Buckets that have filled up again make room.
        #expect(limiter.admit(Self.client(6), at: 10) == nil)
        #expect(limiter.admit(Self.client(6), at: 10) == nil)
        #expect(limiter.admit(Self.client(6), at: 10) == 1)
    }
}
