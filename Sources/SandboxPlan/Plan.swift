/// All that pid 1 needs to know: how to make the sandbox, what to run in it, and within which limits.
package struct Plan: Equatable, Sendable {
    package var steps: [PlanStep] = []
    package var hostName = "sandbox"
    /// The Script is in pid 1's network: the host's, or the one that a step made. Else it gets one with loopback alone.
    package var sharesNetwork = false
    /// The first host uid and gid of the sandbox's block, which become 0 inside, and how many there are.
    package var firstUID: UInt32 = 0
    package var uidCount: UInt32 = 0
    /// What the Script runs as, seen from inside.
    package var uid: UInt32 = 0
    package var gid: UInt32 = 0
    /// What the Script may in its own user namespace: a bit for each capability, by its number.
    package var capabilities: UInt64 = 0
    package var workingDirectory = "/"
    package var arguments: [String] = []
    /// The Script runs without a sandbox, as a process of the host: ids and paths are the host's, and of the limits only
    /// times, the log's and setrlimit(2)'s hold. There are no steps.
    package var isBare = false
    /// Nothing is run: the sandbox is held for others to join it, until the socket that is pid 1's standard input is closed.
    package var isHeld = false
    /// `NAME=value`.
    package var environment: [String] = []
    package var resourceLimits: [ResourceLimit] = []
    package var standardStreams = StandardStreams.log(limit: 0)
    /// Ends when the thread that started pid 1 ends (PR_SET_PDEATHSIG); a Launcher's sandboxes outlive it.
    package var endsWithStarter = false
    package var wallMilliseconds: Int64 = 0
    package var graceMilliseconds: Int64 = 0
    /// Processor time of the whole group; 0 for no limit.
    package var cpuMilliseconds: Int64 = 0
    /// Cores that the group may use at most; how soon the processor time can be used up.
    package var cpuMillicores: Int64 = 1000
    /// What the Script may add to the disk, over all that is watched; 0 for no limit.
    package var diskBytes: Int64 = 0
    package var diskInodes: Int64 = 0
    package var filter = FilterPlan()

    package init() {}
}

package enum StandardStreams: Equatable, Sendable {
    /// Output into the attempt's log, of at most so many bytes; input is empty.
    case log(limit: Int64)
    /// Pid 1's own, which its starter gave it.
    case inherited
    /// A terminal of the sandbox's own, of this size; its other side is sent over the socket that is pid 1's input.
    case terminal(rows: UInt16, columns: UInt16)
}

/// setrlimit(2), by the number of the resource.
package struct ResourceLimit: Equatable, Sendable {
    package var resource: Int32
    package var soft: UInt64
    package var hard: UInt64

    package init(resource: Int32, soft: UInt64, hard: UInt64) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }
}
