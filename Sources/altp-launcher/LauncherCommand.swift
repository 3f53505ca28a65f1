import CLinux
import Glibc

/// The daemon's executable, which `altp serve` becomes.
///
///     altp-launcher [--config DIR] [--state DIR] [--run DIR] [--delegated CGROUP] [--log-format text|json]
///                   [--without-sandboxes]
///     altp-launcher --describe-api
///
/// With `--without-sandboxes`, for development and benchmarks, Scripts are bare processes: NOTHING is isolated.
/// A service manager that delegates a cgroup names it: the sandboxes then lie below that, outside of the service itself.
/// SIGHUP reads the configuration folder again. SIGTERM and SIGINT stop it while running Scripts go on, SIGQUIT ends them
/// too and waits for them; a second one of the three does not wait any longer.
@main
struct LauncherCommand {
    static func main() {
        if APIDescription.isAskedFor(CommandLine.arguments) { APIDescription.print() }
        // First of all: every thread made from here on inherits it.
        Signals.block()
        umask(0o022)
        raiseDescriptorLimit()
        // What a busy hour leaves in the heaps of many threads would stay with an idle Launcher.
        _ = altp_limit_heaps(2)
        let (events, source) = AsyncStream<DaemonEvent>.makeStream()
        Task.detached {
            do {
                let arguments = try Arguments(parsing: Array(CommandLine.arguments.dropFirst()))
                try await Daemon(arguments: arguments, events: events, source: source).run()
            } catch let error as UsageError {
                report("\(error)\n\(Arguments.usage)")
                exit(2)
            } catch {
                report("\(error)")
                exit(1)
            }
            exit(0)
        }
        Signals.listen { signal in
            source.yield(signal == SIGHUP ? .reload : .stop(stopScripts: signal == SIGQUIT))
        }
    }

    /// A connection is a descriptor, and so is every watched Script: the usual soft limit of 1024 is for select(2).
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// Tells on standard error why the daemon does not start, in one write(2) so that its lines stay together.
func report(_ text: String) {
    let lines = text.split(separator: "\n").map { "altp-launcher: \($0)\n" }.joined()
    Array(lines.utf8).withUnsafeBytes { _ = write(STDERR_FILENO, $0.baseAddress!, $0.count) }
}
