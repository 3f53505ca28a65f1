import Dispatch
import Linux
import Synchronization
import Testing

@Suite("Worker threads")
struct WorkerThreadsTests {
    @Test("Pieces of work that wait for each other run side by side, up to the limit")
    func sideBySide() {
        let workers = WorkerThreads(limit: 3)
        let arrived = DispatchSemaphore(value: 0)
        let go = DispatchSemaphore(value: 0)
        let done = DispatchGroup()
        for _ in 0..<3 {
            done.enter()
            workers.run {
                arrived.signal()
                go.wait()
                done.leave()
            }
        }
        // Each is there although none has ended.
        for _ in 0..<3 { arrived.wait() }
        for _ in 0..<3 { go.signal() }
        done.wait()
    }

    @Test("No more run at once than the limit, and all are run", arguments: [1, 2, 5])
    func limited(limit: Int) {
        let workers = WorkerThreads(limit: limit)
        let done = DispatchGroup()
        let counts = Mutex((now: 0, most: 0, all: 0))
        for _ in 0..<500 {
            done.enter()
            workers.run {
                counts.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                counts.withLock {
                    $0.now -= 1
                    $0.all += 1
                }
                done.leave()
            }
        }
        done.wait()
        #expect(counts.withLock { $0.all } == 500)
        #expect(counts.withLock { $0.most } <= limit)
    }

    @Test("One thread takes its pieces in the order in which they were given")
    func order() {
        let workers = WorkerThreads(limit: 1)
        let done = DispatchGroup()
        let taken = Mutex<[Int]>([])
        for number in 0..<100 {
            done.enter()
            workers.run {
                taken.withLock { $0.append(number) }
                done.leave()
            }
        }
        done.wait()
        #expect(taken.withLock { $0 } == Array(0..<100))
    }
}
