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

    /// A Launcher tells of millions of commits: none may need more of the stack than the one before.
    @Test func callsAreNoDeeperEachTime() {
        let listener = Listener<Void>()
        let places = Mutex<Set<UInt>>([])
        listener.set {
            var local: UInt8 = 0
            let place = withUnsafeMutablePointer(to: &local) { UInt(bitPattern: $0) }
            places.withLock { _ = $0.insert(place) }
        }
        for _ in 0..<1000 { listener.tell(()) }
        #expect(places.withLock { $0.count } == 1)
    }
}
