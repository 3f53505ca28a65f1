// What a sandbox costs inside the Launcher: the engine in one long-lived process, with everything on.
//
//   altp-bench DIRECTORY CGROUP [DISK]
//
// With DISK, a size such as 64M, sandboxes get a disk limit too. For each line `N` on its input it makes, runs and clears
// away N sandboxes of /bin/true, and prints a line for each: nanoseconds of all of it, and of preparing, starting, waiting
// for the outcome, and removing. `phases N` prints for each of N sandboxes a line for every phase, `nanoseconds<tab>name`,
// and an empty one. It ends with its input.

import Configuration
import Glibc
import Sandbox

/// Says what is wrong, from any thread.
@Sendable func complain(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = write(2, line, line.count)
}

guard (3...4).contains(CommandLine.arguments.count) else {
    complain("usage: altp-bench DIRECTORY CGROUP [DISK]")
    exit(2)
}
let directory = CommandLine.arguments[1]
do {
    let bench = try await EngineBenchmark(
        directory: directory, cgroup: CommandLine.arguments[2],
        disk: CommandLine.arguments.count > 3 ? ByteSize(parsing: CommandLine.arguments[3]) : nil, complain: complain)
    while let line = readLine() {
        let words = line.split(separator: " ")
        guard let count = words.last.flatMap({ Int($0) }) else { continue }
        // Said at the end: who reads it would run beside the next sandbox.
        var text = ""
        for _ in 0..<count { text += words.count > 1 ? try await bench.phaseTimes() : try await bench.times() }
        print(text, terminator: "")
        fflush(nil)
    }
    bench.end()
} catch {
    complain("altp-bench: \(error)")
    exit(1)
}
