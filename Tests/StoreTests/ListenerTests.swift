import Glibc
import Store
import Synchronization
import Testing

@Suite struct ListenerTests {
    @Test func tellsWhoIsThere() {
        let listener = Listener<Int>()
        let told = Mutex<[Int]>([])
        listener.tell(1)
        listener.set { value in told.withLock { $0.append(value) } }
        listener.tell(2)
        listener.tell(3)
        #expect(told.withLock { $0 } == [2, 3])
    }

    /// A Launcher tells of millions of commits: none may need more calls than the one before.
    @Test func callsAreNoDeeperEachTime() throws {
        let listener = Listener<Void>()
        let depths = Mutex<Set<Int32>>([])
        // backtrace(3), which is not imported. Addresses would not do: under a sanitizer, locals lie elsewhere.
        typealias Backtrace = @convention(c) (UnsafeMutableRawPointer, Int32) -> Int32
        let backtrace = unsafeBitCast(try #require(dlsym(nil, "backtrace")), to: Backtrace.self)
        listener.set {
            var frames = [UInt](repeating: 0, count: 1000)
            let depth = backtrace(&frames, Int32(frames.count))
            depths.withLock { _ = $0.insert(depth) }
        }
        for _ in 0..<100 { listener.tell(()) }
        #expect(depths.withLock { $0.count } == 1)
    }
}
