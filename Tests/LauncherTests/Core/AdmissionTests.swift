import Launcher
import Testing

/// SplitMix64: the same sequence on every run.
private struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The rules once more, as plainly as possible: sort everything, look at everything.
private struct Naive {
    var free: Resources
    var pools: [String: Int]
    var waiting: [AdmissionRequest] = []
    var running: [String: Set<Int64>] = [:]
    var maxRunning: [String: Int]
    var paused: Set<String> = []
    let patience: Int64

    mutating func admit(now: Int64) -> [Int64] {
        waiting.sort { ($1.priority, $0.queuedAt, $0.processing) < ($0.priority, $1.queuedAt, $1.processing) }
        var keptResources: Set<Resource> = []
        var keptPools: Set<String> = []
        var admitted: [Int64] = []
        for request in waiting {
            let isNew = running[request.task]?.contains(request.processing) != true
            if paused.contains(request.task) { continue }
            if isNew, let limit = maxRunning[request.task], running[request.task]?.count ?? 0 >= limit { continue }
            let lacking = Resource.allCases.filter {
                request.resources[$0] > 0 && request.resources[$0] > free[$0]
            }
            let lackingPools = request.pools.filter { $0.value > pools[$0.key] ?? 0 }.map(\.key)
            if lacking.isEmpty && lackingPools.isEmpty {
                let isKept =
                    keptResources.contains { request.resources[$0] > 0 }
                    || keptPools.contains { request.pools[$0] != nil }
                if isKept { continue }
                free = free - request.resources
                for (pool, amount) in request.pools { pools[pool, default: 0] -= amount }
                running[request.task, default: []].insert(request.processing)
                admitted.append(request.processing)
            } else if now - request.queuedAt >= patience {
                keptResources.formUnion(lacking)
                keptPools.formUnion(lackingPools)
            }
        }
        waiting.removeAll { admitted.contains($0.processing) }
        return admitted
    }
}

struct AdmissionTests {
    private func request(
        _ id: Int64, task: String = "t", priority: Int = 0, at: Int64 = 0, cpu: Double = 1, memory: Int64 = 1,
        pools: [String: Int] = [:]
    ) -> AdmissionRequest {
        AdmissionRequest(
            processing: id, task: task, priority: priority, queuedAt: at,
            resources: Resources(cpu: cpu, memory: memory), pools: pools)
    }

    private func admission(
        cpu: Double = 2, memory: Int64 = 100, pools: [String: Int] = [:], _ requests: [AdmissionRequest] = []
    ) -> Admission {
        var admission = Admission(capacity: Resources(cpu: cpu, memory: memory), pools: pools, patience: 30)
        for request in requests { #expect(admission.enqueue(request).isEmpty) }
        return admission
    }

    /// Between its admission and its start a Processing neither waits nor runs, and somebody may ask why.
    @Test func obstaclesCanBeAskedForWhileARequestHolds() {
        var admission = Admission(capacity: Resources(cpu: 1, memory: 1 << 30, uidBlocks: 1))
        #expect(admission.enqueue(request(1)).isEmpty)
        #expect(admission.admit(now: 0) == [1])
        #expect(admission.obstacles(to: request(1)).isEmpty)
    }

    @Test func priorityThenAgeThenNumber() {
        var admission = admission(
            cpu: 4,
            [
                request(5, at: 7), request(4, at: 7), request(3, at: 1), request(9, priority: 1, at: 50),
                request(8, at: 90),
            ])
        #expect(admission.admit(now: 100) == [9, 3, 4, 5])
        admission.release(3)
        #expect(admission.admit(now: 100) == [8])
    }

    @Test func bigScriptIsNotStarved() {
        var admission = admission([request(1, cpu: 1), request(2, at: 1, cpu: 2), request(3, at: 2), request(4, at: 3)])
        // The big one has not waited long: a small one passes it.
        #expect(admission.admit(now: 10) == [1, 3])
        admission.release(1)
        #expect(admission.admit(now: 31) == [])
        #expect(
            admission.blockers(of: 4, now: 31) == [.reserved(.cpu, by: 2)])
        #expect(admission.blockers(of: 2, now: 31) == [.resource(.cpu, wanted: 2000, free: 1000)])
        admission.release(3)
        #expect(admission.admit(now: 32) == [2])
        admission.release(2)
        #expect(admission.admit(now: 33) == [4])
    }

    @Test func poolBlocksOnlyItsUsers() {
        var admission = admission(
            cpu: 8, pools: ["download": 1],
            [
                request(1, pools: ["download": 1]), request(2, pools: ["download": 1]), request(3, at: 5),
                request(4, at: 6, pools: ["download": 1]),
            ])
        #expect(admission.admit(now: 1000) == [1, 3])
        #expect(
            admission.blockers(of: 2, now: 1000) == [.pool("download", wanted: 1, free: 0, holders: [1])])
        #expect(
            admission.blockers(of: 4, now: 1000) == [
                .pool("download", wanted: 1, free: 0, holders: [1]), .reservedPool("download", by: 2),
            ])
        admission.release(1)
        #expect(admission.admit(now: 1001) == [2])
    }

    @Test func pausedTaskReservesNothing() {
        var admission = admission([request(1, task: "big", cpu: 2), request(2, at: 1)])
        admission.setPaused(true, task: "big")
        #expect(admission.admit(now: 1000) == [2])
        #expect(
            admission.blockers(of: 1, now: 1000) == [
                .taskPaused(task: "big"), .resource(.cpu, wanted: 2000, free: 1000),
            ])
        admission.setPaused(false, task: "big")
        admission.release(2)
        #expect(admission.admit(now: 1001) == [1])
    }

    @Test func maxRunningCountsProcessings() {
        var admission = admission(cpu: 8)
        admission.setMaxRunning(1, task: "t")
        #expect(admission.enqueue(request(1)).isEmpty)
        #expect(admission.enqueue(request(2)).isEmpty)
        #expect(admission.admit(now: 0) == [1])
        #expect(admission.blockers(of: 2, now: 0) == [.maxRunning(task: "t", running: 1, limit: 1)])
        // Between two Scripts the Processing still runs, and its next Script may start.
        admission.release(1)
        #expect(admission.admit(now: 0) == [])
        #expect(admission.enqueue(request(1)).isEmpty)
        #expect(admission.admit(now: 0) == [1])
        admission.release(1)
        admission.processingEnded(1, task: "t")
        #expect(admission.admit(now: 0) == [2])
    }

    @Test func whatCanNeverStartIsRefused() {
        var admission = admission(pools: ["p": 1])
        #expect(admission.enqueue(request(1, cpu: 2.5)) == [.exceedsHost(.cpu, wanted: 2500, capacity: 2000)])
        #expect(
            admission.enqueue(request(1, pools: ["p": 2, "q": 1])) == [
                .exceedsPool("p", wanted: 2, capacity: 1), .exceedsPool("q", wanted: 1, capacity: 0),
            ])
        // It was possible when it came: it waits on and holds nothing back.
        #expect(admission.enqueue(request(1, cpu: 2)).isEmpty)
        #expect(admission.enqueue(request(2, at: 1)).isEmpty)
        admission.setCapacity(Resources(cpu: 1, memory: 100), pools: [:])
        #expect(admission.admit(now: 1000) == [2])
        #expect(admission.blockers(of: 1, now: 1000).first == .exceedsHost(.cpu, wanted: 2000, capacity: 1000))
    }

    @Test func uidBlockOutlivesTheAttempt() {
        var admission = Admission(capacity: Resources(cpu: 8, memory: 8, uidBlocks: 1))
        let wants = AdmissionRequest(
            processing: 1, task: "t", queuedAt: 0, resources: Resources(cpu: 1, memory: 1, uidBlocks: 1))
        var second = wants
        second.processing = 2
        #expect(admission.enqueue(wants).isEmpty && admission.enqueue(second).isEmpty)
        #expect(admission.admit(now: 0) == [1])
        var block = Resources()
        block[.uidBlocks] = 1
        admission.release(1, keeping: block)
        #expect(admission.admit(now: 0) == [])
        #expect(admission.blockers(of: 2, now: 0) == [.resource(.uidBlocks, wanted: 1, free: 0)])
        admission.giveBack(block)
        #expect(admission.admit(now: 0) == [2])
    }

    @Test func adoptedMayOverdraw() {
        var admission = admission(cpu: 1)
        admission.adopt(request(1, cpu: 4))
        #expect(admission.enqueue(request(2)).isEmpty)
        #expect(admission.admit(now: 0) == [])
        #expect(admission.blockers(of: 2, now: 0) == [.resource(.cpu, wanted: 1000, free: 0)])
        admission.release(1)
        #expect(admission.admit(now: 0) == [2])
    }

    /// Random events against the naive rules; at every step the same admissions in the same order, and never over capacity.
    @Test(arguments: 1...60)
    func equalsTheNaiveRules(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let capacity = Resources(cpu: 8, memory: 64, uidBlocks: 6)
        let pools = ["a": 2, "b": 3]
        let limits = ["t1": 2, "t2": 3]
        var admission = Admission(capacity: capacity, pools: pools, patience: 50)
        for (task, limit) in limits { admission.setMaxRunning(limit, task: task) }
        var naive = Naive(free: capacity, pools: pools, maxRunning: limits, patience: 50)
        var running: [Int64: AdmissionRequest] = [:]
        var between: [Int64: String] = [:]
        var now: Int64 = 0
        var nextID: Int64 = 1

        func randomRequest(_ id: Int64, _ task: String) -> AdmissionRequest {
            AdmissionRequest(
                processing: id, task: task, priority: Int.random(in: 0...1, using: &random),
                queuedAt: now - Int64.random(in: 0...20, using: &random),
                resources: Resources(
                    cpu: Double([1, 1, 2, 8].randomElement(using: &random)!),
                    memory: [4, 8, 64].randomElement(using: &random)!, uidBlocks: Int.random(in: 0...1, using: &random)),
                pools: [[:], [:], ["a": 1], ["b": 2], ["a": 1, "b": 1]].randomElement(using: &random)!)
        }

        for _ in 0..<300 {
            now += Int64.random(in: 0...10, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let request = randomRequest(nextID, "t\(Int.random(in: 0...3, using: &random))")
                nextID += 1
                #expect(admission.enqueue(request).isEmpty)
                naive.waiting.append(request)
            case 4..<7:
                guard let id = running.keys.sorted().randomElement(using: &random), let request = running[id] else {
                    continue
                }
                running[id] = nil
                admission.release(id)
                naive.free = naive.free + request.resources
                for (pool, amount) in request.pools { naive.pools[pool, default: 0] += amount }
                if Bool.random(using: &random) {
                    admission.processingEnded(id, task: request.task)
                    naive.running[request.task]?.remove(id)
                } else {
                    between[id] = request.task
                }
            case 7:
                guard let id = between.keys.sorted().randomElement(using: &random) else { continue }
                let task = try #require(between[id])
                between[id] = nil
                let request = randomRequest(id, task)
                #expect(admission.enqueue(request).isEmpty)
                naive.waiting.append(request)
            case 8:
                guard let request = naive.waiting.randomElement(using: &random) else { continue }
                admission.withdraw(request.processing)
                naive.waiting.removeAll { $0.processing == request.processing }
                if naive.running[request.task]?.contains(request.processing) == true {
                    between[request.processing] = request.task
                }
            default:
                let task = "t\(Int.random(in: 0...3, using: &random))"
                if naive.paused.remove(task) == nil { naive.paused.insert(task) }
                admission.setPaused(naive.paused.contains(task), task: task)
            }
            let candidates = Dictionary(uniqueKeysWithValues: naive.waiting.map { ($0.processing, $0) })
            let admitted = admission.admit(now: now)
            #expect(admitted == naive.admit(now: now))
            for id in admitted { running[id] = candidates[id] }
            #expect(Resource.allCases.allSatisfy { naive.free[$0] >= 0 } && naive.pools.values.allSatisfy { $0 >= 0 })
            #expect(admission.waitingCount == naive.waiting.count && admission.runningCount == running.count)
            for request in naive.waiting { #expect(!admission.blockers(of: request.processing, now: now).isEmpty) }
        }
    }

    /// Small requests without end, each shorter than the patience: the big one starts all the same.
    @Test(arguments: 1...10)
    func noStarvation(seed: UInt64) {
        var random = Seeded(state: seed)
        var admission = Admission(capacity: Resources(cpu: 4, memory: 64), patience: 50)
        var ends: [Int64: Int64] = [:]
        var bigStarted: Int64?
        for now in Int64(0)..<400 {
            if now == 1 { #expect(admission.enqueue(request(-1, at: 0, cpu: 4)).isEmpty) }
            #expect(admission.enqueue(request(now, at: now, cpu: 1)).isEmpty)
            for (id, end) in ends where end <= now {
                ends[id] = nil
                admission.release(id)
                admission.processingEnded(id, task: "t")
            }
            for id in admission.admit(now: now) {
                if id == -1 { bigStarted = now }
                ends[id] = now + Int64.random(in: 5...30, using: &random)
            }
        }
        // Its patience, and at most the longest of what ran then.
        #expect((bigStarted ?? .max) <= 50 + 30)
    }

    /// Twenty thousand wait: an event costs what the distinct wants cost, not what the queue costs.
    @Test func longQueue() {
        var admission = Admission(capacity: Resources(cpu: 2, memory: 64), pools: ["p": 1])
        for id in Int64(1)...20_000 {
            #expect(
                admission.enqueue(
                    request(id, task: "t\(id % 20)", at: id, pools: id % 20 == 0 ? ["p": 1] : [:])
                ).isEmpty)
        }
        var order: [Int64] = []
        while order.count < 5000 {
            let admitted = admission.admit(now: 20_000)
            order += admitted
            for id in admitted {
                admission.release(id)
                admission.processingEnded(id, task: "t\(id % 20)")
            }
        }
        #expect(order == Array(1...Int64(order.count)))
    }
}
