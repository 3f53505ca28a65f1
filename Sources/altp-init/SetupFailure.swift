import Glibc
import Linux
import SandboxPlan

/// The sandbox could not be made: the step in words, and the error number (0 when there is none).
struct SetupFailure: Error {
    var step: String
    var number: Int32

    init(step: String, number: Int32) {
        self.step = step
        self.number = number
    }

    init(_ error: SystemError) {
        self.init(step: error.subject.isEmpty ? error.call : "\(error.call) \(error.subject)", number: error.number)
    }
}

/// Runs a body of system calls and names the step in its failure.
@discardableResult
func setup<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(SetupFailure) -> Result {
    do {
        return try body()
    } catch {
        throw SetupFailure(error)
    }
}

/// Reads the plan from its descriptor and closes it.
func readPlan() throws(SetupFailure) -> Plan {
    let file = FileDescriptor(owning: planDescriptor)
    let bytes = try setup { () throws(SystemError) in try file.readAll(limit: 8 << 20) }
    do {
        return try Plan(text: bytes)
    } catch {
        throw SetupFailure(step: "read the plan, line \(error.line)", number: EINVAL)
    }
}
