// Pid 1 of a sandbox. Its starter gives it the plan as descriptor 3, the attempt's directory as 4 and, when the plan has
// one, the seccomp filter as 5; what comes after that, the lock of the sandbox's image, it only keeps open, but for what a
// Launcher adds at the end, see ForkServer. It is
// single-threaded, so that it may fork and run ordinary code afterwards, and it stays outside the Script's user namespace:
// nothing in the sandbox can trace it, signal it or open what it has open.
//
// Of a Script without a sandbox (`altp-launcher --without-sandboxes`) it is the parent and no pid 1, see BareAttempt.
//
// Where many sandboxes are made, it is executed once, as the server that forks itself for each of them.

import CLinux
import Glibc
import SandboxPlan

let planDescriptor: Int32 = 3
let attemptDescriptor: Int32 = 4
let filterDescriptor: Int32 = 5

umask(0)
// A session of a sandbox that is there already: see Joiner.
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "join" {
    Joiner.run(namespaces: Int32(CommandLine.arguments[2]) ?? 0)
}
/// -1 each for a sandbox that was started by itself.
let fromLauncher =
    CommandLine.arguments.dropFirst().first == ForkRequest.argument
    ? ForkServer.serve() : ForkServer.Descriptors(gate: -1, lifeline: -1)
func launcherIsThere() -> Bool {
    var polled = pollfd(fd: fromLauncher.lifeline, events: 0, revents: 0)
    return fromLauncher.lifeline >= 0 && poll(&polled, 1, 0) == 0
}

if getenv("ALTP_PHASES") != nil { PhaseTrace.begin() }
PhaseTrace.mark("main")
guard let attempt = Attempt.claim(directory: attemptDescriptor, gate: StartGate(socket: fromLauncher.gate)) else {
    exit(EXIT_FAILURE)
}
var report = InitReport()
var durably = true
do throws(SetupFailure) {
    PhaseTrace.mark("claim")
    let plan = try readPlan()
    durably = !plan.endsWithStarter && !plan.isHeld
    PhaseTrace.mark("read the plan")
    if plan.isBare {
        var bare = try BareAttempt.start(plan, attempt)
        bare.run(&report)
        attempt.finish(report, durably: !launcherIsThere())
    }
    if plan.endsWithStarter { _ = LinuxCall.prctl(PR_SET_PDEATHSIG, UInt(SIGTERM)) }
    let surroundings = try Sandbox(plan: plan).surroundings
    let disk = DiskWatch(surroundings.disks, bytes: plan.diskBytes, inodes: plan.diskInodes)
    let script = try Script.start(plan, filter: Filter.map(plan), in: surroundings) { () throws(SetupFailure) in
        try attempt.begin()
    }
    if plan.isHeld {
        var held = HeldSandbox()
        held.run(&report)
    } else {
        var supervisor = Supervisor(
            plan: plan, script: script, surroundings: surroundings, disk: disk, attempt: attempt)
        PhaseTrace.mark("begin to supervise")
        supervisor.run(&report)
    }
} catch {
    report.end = .setup(step: error.step, errno: error.number)
    report.endedAt = Clock.realMilliseconds()
}
// The Launcher writes what it is told into its store, durably; where there is none, this file is all there is.
attempt.finish(report, durably: durably && !launcherIsThere())
