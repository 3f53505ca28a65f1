import Glibc

/// A failed system call: which one, on what, and the error number.
package struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call's name as in its man page.
    package var call: String
    /// What it was tried on: a path, or another name for the thing; empty when there is none.
    package var subject: String
    /// As in errno(3).
    package var number: Int32

    package init(_ call: String, _ subject: String = "", number: Int32 = errno) {
        self.call = call
        self.subject = subject
        self.number = number
    }

    /// What the system says of the number: `No such file or directory`.
    package var message: String { systemMessage(number) }

    package var description: String { "\(call)\(subject.isEmpty ? "" : " \(subject)"): \(message)" }
}

/// The text of strerror(3) for an error number.
package func systemMessage(_ number: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard strerror_r(number, buffer.baseAddress!, buffer.count) == 0 else { return "error \(number)" }
        return String(cString: buffer.baseAddress!)
    }
}

/// Repeats a call that a signal interrupted, and throws its failure.
///
/// - Parameters:
///   - call: the call's name, for the error.
///   - subject: what it is tried on, for the error.
/// - Returns: the call's result, which is not negative.
@discardableResult
package func check<Result: SignedInteger>(
    _ call: String, _ subject: @autoclosure () -> String = "", _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let number = errno
        if number != EINTR { throw SystemError(call, subject(), number: number) }
    }
}
