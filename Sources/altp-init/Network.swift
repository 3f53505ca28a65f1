import CLinux
import Glibc
import Linux
import SandboxPlan

/// The network of a sandbox with an allow list. Pid 1 is in it, and the Script shares it.
struct Network {
    private let host: Int32
    private let own: Int32
    private var link: Helper?
    /// Where the link says that it is ready.
    private var readiness: Int32 = -1
    /// A netlink socket by which the kernel is asked what was refused.
    private var refusals: Int32 = -1
    /// What the link said at its end, when that came before the Script's.
    private(set) var loss: String?

    private static let patience: Int64 = 10_000

    /// Leaves the host's network for a new one with loopback alone.
    init() throws(SystemError) {
        host = try FileDescriptor.open("/proc/self/ns/net", O_RDONLY).take()
        try check("unshare", "network") { LinuxCall.unshareNetwork() }
        own = try FileDescriptor.open("/proc/self/ns/net", O_RDONLY).take()
        try check("bring up lo") { LinuxCall.loopbackUp() }
        guard Self.hasIPv6 else { return }
        // The link's address is given, not found out, and nobody else can have it.
        for (name, value) in [("disable_ipv6", "0"), ("accept_ra", "0"), ("accept_dad", "0")] {
            try writeControlFile("/proc/sys/net/ipv6/conf/default/\(name)", value)
        }
    }

    private static var hasIPv6: Bool { access("/proc/sys/net/ipv6/conf", F_OK) == 0 }

    /// Starts the link in the host's network, and in the Script's groups: its work counts as the Script's.
    ///
    /// It is a child in pid 1's pid namespace, so that it ends with it, whatever happens, and it belongs to the host's
    /// root, outside of the Script's user namespace, so that the Script can neither signal nor trace it.
    mutating func start(_ arguments: [String], group: Int32, groupTasks: [Int32]) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        try check("pipe2") { LinuxCall.pipe(&ends) }
        let writer = FileDescriptor(owning: ends[1])
        let input = try FileDescriptor.open("/dev/null", O_RDONLY)
        let host = host
        link = try Helper(
            arguments, input: input.raw, more: [own, writer.raw], namespaces: [.mount], group: group
        ) {
            // 0 is whoever writes it; the link is single-threaded until then.
            for group in groupTasks where write(group, "0", 1) != 1 { return -1 }
            return LinuxCall.enterNetwork(host)
        }
        readiness = ends[0]
        close(host)
    }

    mutating func filter(_ program: String, _ rules: String) throws(SystemError) {
        refusals = try check("socket", "netfilter") { RefusalReader.socket() }
        let input = try FileDescriptor.memory("rules", Array(rules.utf8))
        try Helper([program, "-f", "-"], input: input.raw).require(within: Self.patience)
    }

    mutating func awaitLink(_ interface: String, _ address: String, _ gateway: String) throws(SystemError) {
        var polled = pollfd(fd: readiness, events: Int16(POLLIN), revents: 0)
        let count = try check("poll") { poll(&polled, 1, Int32(Self.patience)) }
        guard count > 0 else { throw SystemError("the link is not ready", number: ETIMEDOUT) }
        var byte: UInt8 = 0
        guard read(readiness, &byte, 1) == 1 else {
            // It has closed the pipe: it is gone, or about to be.
            for _ in 0..<100 {
                var status: Int32 = 0
                if let link, waitpid(link.pid, &status, WNOHANG) == link.pid { note(link.pid, status: status) }
                if loss != nil { break }
                usleep(10_000)
            }
            throw SystemError(loss ?? "the link has closed its pipe", number: 0)
        }
        close(readiness)
        close(own)
        _ = link?.said()
        guard Self.hasIPv6 else { return }
        try check("give \(interface) an IPv6 address") { LinuxCall.addIPv6(interface, address, gateway) }
    }

    /// Takes note of a child's end; nothing when it is not the link.
    mutating func note(_ pid: pid_t, status: Int32) {
        guard let link, pid == link.pid else { return }
        let end =
            switch InitReport.End(waitStatus: status) {
            case .signaled(let number): "signal \(number)"
            case .exited(let status): "status \(status)"
            case .setup(let step, _): step
            }
        let said = link.said()
        loss = "slirp4netns ended with \(end)" + (said.isEmpty ? "" : ": \(said.prefix(300))")
    }

    /// What the list refused, the most frequent first.
    func refused() -> [InitReport.Refusal] { RefusalReader(socket: refusals).read() }
}
