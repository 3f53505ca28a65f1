/// A line that was not understood. Exit status 2.
package struct UsageError: Error, Hashable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// What was asked could not be done. The description is whole sentences for people, safe to print.
package struct CommandFailure: Error, Hashable, CustomStringConvertible {
    package var description: String
    package var status: ExitStatus

    package init(_ description: String, status: ExitStatus = .failure) {
        self.description = description
        self.status = status
    }
}

/// The status that `altp` ends with; thrown alone it says nothing more.
package struct ExitStatus: Error, Hashable, Sendable {
    package var code: Int32

    package init(_ code: Int32) { self.code = code }

    package static let success = ExitStatus(0)
    /// The thing asked failed.
    package static let failure = ExitStatus(1)
    /// The line was not understood.
    package static let usage = ExitStatus(2)
    /// The Launcher could not be reached.
    package static let unreachable = ExitStatus(3)
    /// Ended by Ctrl-C, as a shell reports it.
    package static let interrupted = ExitStatus(130)
}
