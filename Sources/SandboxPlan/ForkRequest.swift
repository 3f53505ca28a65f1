/// What a request to the fork server of `altp-init` says, in one byte.
package enum ForkRequest {
    /// `altp-init`'s first argument when it is to serve.
    package static let argument = "fork-server"
    /// Pid 1 leaves the times of its phases in the attempt's directory.
    package static let tracesPhases: UInt8 = 1
    /// It gets no namespaces: what it is to run has no sandbox.
    package static let isBare: UInt8 = 2
}
