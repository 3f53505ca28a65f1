import Glibc
import Linux
import SandboxPlan

/// The attempt's directory, claimed by this process for as long as it lives.
///
/// The lock on `lock` says that pid 1 is alive, to whoever else asks for it; the file holds its pid in the host's numbers as
/// soon as the command may have been executed.
/// A Launcher that finds the lock free writes the outcome itself, under the lock, so a pid 1 that comes late finds an
/// outcome, or no lock file any more, and leaves: nothing runs twice.
struct Attempt {
    let directory: Int32
    private let lock: Int32
    private let pid: String
    private let gate: StartGate

    /// Takes the lock; nil when another process has it or the attempt has ended already.
    static func claim(directory: Int32, gate: StartGate) -> Attempt? {
        guard fcntl(directory, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        let lock = openat(directory, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC)
        var status = stat()
        guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0, fstat(lock, &status) == 0, status.st_nlink == 1,
            faccessat(directory, "outcome.json", F_OK, 0) != 0,
            // The host's procfs is still in sight; it gives our pid in the host's numbers.
            let pid = readLink("/proc/self")
        else { return nil }
        return Attempt(directory: directory, lock: lock, pid: pid, gate: gate)
    }

    /// Returns when the command may be executed, and is from then on taken for executed.
    func begin() throws(SetupFailure) {
        gate.pass()
        try setup { () throws(SystemError) in
            // Over what it says, which needs no space on the disk; whoever reads half of it reads again.
            let count = try check("write", "the attempt's lock") { pwrite(lock, pid, pid.utf8.count, 0) }
            try check("ftruncate", "the attempt's lock") { ftruncate(lock, off_t(count)) }
        }
        PhaseTrace.mark("wait for the word to start")
    }

    /// Writes the report so that it is there, whole, even after a power cut, and only then under its name; or, where nobody is
    /// to find it after one, just writes it. Waits for as long
    /// as the disk takes nothing: without an outcome the attempt would be lost.
    ///
    /// - Parameter durably: false where the one who waits for it is gone with it in a power cut.
    func finish(_ report: InitReport, durably: Bool) -> Never {
        do throws(SystemError) {
            try WaitForSpace.during { () throws(SystemError) in try keep(Array(report.json.utf8), durably: durably) }
        } catch {
            exit(EXIT_FAILURE)
        }
        PhaseTrace.mark("rename and fsync of the directory")
        PhaseTrace.write(into: directory)
        exit(EXIT_SUCCESS)
    }

    private func keep(_ content: [UInt8], durably: Bool) throws(SystemError) {
        // Whoever waits for it reads it when this process has ended, and takes half a report for none.
        let name = durably ? "outcome.json.new" : "outcome.json"
        let file = try FileDescriptor.open(
            name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600, at: directory)
        try file.writeAll(content)
        guard durably else { return }
        try check("fsync", "outcome.json") { fsync(file.raw) }
        PhaseTrace.mark("report and its fsync")
        try check("rename", "outcome.json") { renameat(directory, "outcome.json.new", directory, "outcome.json") }
        try check("fsync", "the attempt's directory") { fsync(directory) }
    }
}

func readLink(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
        let count = buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) }
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
