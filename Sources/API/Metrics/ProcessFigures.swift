import Glibc
import Linux

/// What the kernel says of this process: proc_pid_stat(5). nil where it cannot be read.
struct ProcessFigures {
    var cpuSeconds: Double?
    var virtualBytes: Int64?
    var residentBytes: Int64?
    var openDescriptors: Int?
    var mostDescriptors: Int64?
    /// Since the epoch.
    var startSeconds: Double?

    static func current() -> ProcessFigures {
        var figures = ProcessFigures()
        if let line = try? readFile("/proc/self/stat") { figures.read(stat: line, boot: bootSeconds()) }
        figures.openDescriptors = try? descriptors()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.mostDescriptors = Int64(clamping: limit.rlim_cur)
        }
        return figures
    }

    /// - Parameter boot: when the host was booted, seconds since the epoch.
    mutating func read(stat line: String, boot: Double?) {
        // The second field is the executable's name in brackets, which may hold anything.
        guard let end = line.lastIndex(of: ")") else { return }
        let fields = line[line.index(after: end)...].split(separator: " ")
        guard fields.count > 21 else { return }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        if let user = Double(fields[11]), let system = Double(fields[12]) { cpuSeconds = (user + system) / ticks }
        virtualBytes = Int64(fields[20])
        residentBytes = Int64(fields[21]).map { $0 * Int64(sysconf(Int32(_SC_PAGESIZE))) }
        if let start = Double(fields[19]), let boot { startSeconds = boot + start / ticks }
    }

    private static func descriptors() throws(SystemError) -> Int {
        let path = "/proc/self/fd"
        let folder = try FileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        // The two that read them are among them.
        return max(0, try DirectoryEntries.read(folder.raw, path: path, most: .max).count - 2)
    }

    private static func bootSeconds() -> Double? {
        guard let text = try? readFile("/proc/stat") else { return nil }
        let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst(6)) }
    }
}
