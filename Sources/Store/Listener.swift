import Synchronization

/// A function that is told of something, from the time on when somebody sets it.
package final class Listener<Value>: Sendable {
    /// A box, because a function that is read out of a mutex's generic value is wrapped by each reading, and so is the one
    /// that stays in it: a call would pass through one wrapper more each time, until the stack is full.
    private struct Function: Sendable { let body: @Sendable (Value) -> Void }

    private let function = Mutex<Function?>(nil)

    package init() {}

    package func set(_ body: @escaping @Sendable (Value) -> Void) {
        let function = Function(body: body)
        self.function.withLock { $0 = function }
    }

    /// Makes the value only for who wants it.
    package func tell(_ value: @autoclosure () -> Value) {
        guard let function = function.withLock({ $0 }) else { return }
        function.body(value())
    }
}
