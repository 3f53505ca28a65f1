/// What pid 1 found out, written as `outcome.json`. The daemon reads it and gives system calls their names.
package struct InitReport: Equatable, Sendable {
    package enum End: Equatable, Sendable {
        case exited(status: Int32)
        case signaled(Int32)
        /// The sandbox could not be made, or its command not executed: which step, and the error number (0: none).
        case setup(step: String, errno: Int32)
    }

    /// What ended it before it would have ended by itself.
    package enum Interruption: String, Equatable, Sendable {
        case wallTime = "wall_time"
        case cpuTime = "cpu_time"
        case outOfMemory = "oom"
        case disk
        case deniedCall = "denied_call"
        case terminated
    }

    package struct Denial: Equatable, Sendable {
        package var architecture: UInt32
        package var number: Int32
        package var count: Int64
        package var killed: Bool

        package init(architecture: UInt32, number: Int32, count: Int64, killed: Bool) {
            self.architecture = architecture
            self.number = number
            self.count = count
            self.killed = killed
        }
    }

    /// Packets that the network list refused: for TCP, attempts to connect.
    package struct Refusal: Equatable, Sendable {
        /// `192.0.2.7:443`, `[2001:db8::7]:443`
        package var destination: String
        package var transport: String
        package var count: Int64

        package init(destination: String, transport: String, count: Int64) {
            self.destination = destination
            self.transport = transport
            self.count = count
        }
    }

    package var end = End.exited(status: 0)
    package var interruption: Interruption?
    /// Milliseconds since the epoch; 0 when the command was not executed.
    package var startedAt: Int64 = 0
    package var endedAt: Int64 = 0
    package var wallMilliseconds: Int64 = 0
    /// The wall-time limit that it had in the end, when that was not the plan's; 0 when it was.
    package var wallLimit: Int64 = 0
    /// The counters below are -1 where the kernel does not tell.
    package var cpuMilliseconds: Int64 = -1
    package var memoryPeak: Int64 = -1
    package var outOfMemoryKills: Int64 = -1
    package var pidsPeak: Int64 = -1
    package var pidsRefused: Int64 = -1
    /// What the Script added to the disk, at most; -1 where nothing is watched.
    package var diskPeak: Int64 = -1
    package var inodesPeak: Int64 = -1
    /// It was seen with next to nothing left of its disk or inodes.
    package var diskFull = false
    package var logBytes: Int64 = 0
    package var logDropped: Int64 = 0
    package var denials: [Denial] = []
    /// nil where no network list is in force.
    package var refusals: [Refusal]?
    /// What the program that links the network said when it ended before the Script; nil when it did not.
    package var networkLoss: String?
    /// Sockets made that need a network; -1 when nobody looked: only where calls are learned.
    package var networkSockets: Int64 = -1

    package init() {}

    /// The report as a JSON object. (The JSON coder would make pid 1 start three times as slowly.)
    package var json: String {
        var fields: [String] = ["\"version\":1"]
        func put(_ name: String, _ value: Int64) { fields.append("\"\(name)\":\(value)") }
        switch end {
        case .exited(let status): put("exit_status", Int64(status))
        case .signaled(let number): put("signal", Int64(number))
        case .setup(let step, let number):
            fields.append("\"setup_step\":\(quoted(step))")
            put("setup_errno", Int64(number))
        }
        if let interruption { fields.append("\"interruption\":\"\(interruption.rawValue)\"") }
        put("started_at", startedAt)
        put("ended_at", endedAt)
        put("wall_ms", wallMilliseconds)
        if wallLimit > 0 { put("wall_limit_ms", wallLimit) }
        put("cpu_ms", cpuMilliseconds)
        put("memory_peak", memoryPeak)
        put("oom_kills", outOfMemoryKills)
        put("pids_peak", pidsPeak)
        put("pids_refused", pidsRefused)
        put("disk_peak", diskPeak)
        put("inodes_peak", inodesPeak)
        fields.append("\"disk_full\":\(diskFull)")
        put("log_bytes", logBytes)
        put("log_dropped", logDropped)
        if networkSockets >= 0 { put("network_sockets", networkSockets) }
        let list = denials.map {
            "{\"architecture\":\($0.architecture),\"number\":\($0.number),\"count\":\($0.count),\"killed\":\($0.killed)}"
        }
        fields.append("\"denials\":[\(list.joined(separator: ","))]")
        if let refusals {
            let list = refusals.map {
                "{\"destination\":\(quoted($0.destination)),\"transport\":\(quoted($0.transport)),\"count\":\($0.count)}"
            }
            fields.append("\"refusals\":[\(list.joined(separator: ","))]")
        }
        if let networkLoss { fields.append("\"network_loss\":\(quoted(networkLoss))") }
        return "{\(fields.joined(separator: ","))}\n"
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
