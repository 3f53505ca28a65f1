import Testing

@testable import Launcher

@Suite struct AdmissionFiguresTests {
    private func request(
        _ id: Int64, _ task: String, cpu: Double = 1, memory: Int64 = 10, pools: [String: Int] = [:], priority: Int = 0
    ) -> AdmissionRequest {
        AdmissionRequest(
            processing: id, task: task, priority: priority, queuedAt: id,
            resources: Resources(cpu: cpu, memory: memory), pools: pools)
    }

    @Test func eachRequestWaitsForTheFirstThing() {
        var admission = Admission(
            capacity: Resources(cpu: 4, memory: 100, uidBlocks: 10), pools: ["download": 1, "upload": 1],
            patience: 1000)
        #expect(admission.waitingByReason(now: 0).isEmpty)
        admission.setPaused(true, task: "paused")
        admission.setMaxRunning(1, task: "single")
        _ = admission.enqueue(request(1, "single", cpu: 1))
        _ = admission.enqueue(request(2, "pooled", cpu: 0.5, pools: ["download": 1, "upload": 1]))
        #expect(admission.waitingByReason(now: 0) == [.starting: 2])
        #expect(admission.admit(now: 0) == [1, 2])
        for id in 3...5 { _ = admission.enqueue(request(Int64(id), "paused")) }
        for id in 6...7 { _ = admission.enqueue(request(Int64(id), "single")) }
        for id in 8...11 { _ = admission.enqueue(request(Int64(id), "pooled", pools: ["upload": 1])) }
        for id in 12...13 { _ = admission.enqueue(request(Int64(id), "large", cpu: 3)) }
        for id in 14...16 { _ = admission.enqueue(request(Int64(id), "heavy", memory: 95)) }
        #expect(
            admission.waitingByReason(now: 100) == [
                .taskPaused: 3, .maxRunning: 2, .pool("upload"): 4, .resource(.cpu): 2, .resource(.memory): 3,
            ])
        admission.withdraw(9)
        admission.withdraw(12)
        let reasons = admission.waitingByReason(now: 100)
        #expect(reasons[.pool("upload")] == 3)
        #expect(reasons[.resource(.cpu)] == 1)
        #expect(reasons.values.reduce(0, +) == admission.waitingCount)
    }

    @Test func whatIsKeptForOneAheadIsMissing() {
        var admission = Admission(capacity: Resources(cpu: 4, memory: 100), pools: ["upload": 1], patience: 1000)
        _ = admission.enqueue(request(1, "first", cpu: 2, pools: ["upload": 1]))
        #expect(admission.admit(now: 0) == [1])
        _ = admission.enqueue(request(2, "large", cpu: 4))
        _ = admission.enqueue(request(3, "small", cpu: 1))
        // It waits for a pool, which is not kept from others: small ones may pass.
        #expect(admission.waitingByReason(now: 500) == [.resource(.cpu): 1, .starting: 1])
        #expect(admission.waitingByReason(now: 5000) == [.resource(.cpu): 2])
    }

    @Test func everyReasonHasAName() {
        let reasons: [QueueReason] =
            Resource.allCases.map { .resource($0) } + [
                .pool("x"), .taskPaused, .maxRunning, .retry, .entered, .stateFolder, .impossible, .starting,
            ]
        #expect(Set(reasons.map(\.name)).count == reasons.count)
        #expect(reasons.map(\.name).allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } })
        #expect(reasons.filter { !$0.pool.isEmpty } == [.pool("x")])
    }
}
