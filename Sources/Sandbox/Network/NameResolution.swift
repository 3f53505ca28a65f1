import CLinux
import Configuration
import Glibc
import Linux

/// Looks names up as the host's programs do.
///
/// By getent(1), not by getaddrinfo(3): this also runs in a static executable, where glibc cannot load its name service
/// modules.
struct NameResolution {
    /// For all names of one attempt together.
    private static let seconds: Int64 = 20
    /// Of one name; a name that has more is pinned to the first ones.
    private static let mostAddresses = 32

    private let deadline: Int64

    init() { deadline = Self.now + Self.seconds }

    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec)
    }

    mutating func addresses(of name: String) throws(SandboxError) -> [NetworkPrefix] {
        let task = "looking up \(name), which the policy's network list allows"
        guard let program = NetworkTools.resolver else {
            throw SandboxError("\(task): getent is not installed. apt-get install libc-bin")
        }
        let result: HostProgram.Result
        do throws(SystemError) {
            result = try program.run(["ahosts", name], seconds: Int(max(deadline - Self.now, 1)))
        } catch {
            throw SandboxError("\(task): \(error)")
        }
        switch result.status {
        case 0: break
        case 2:
            throw SandboxError(
                "\(task): the host knows no such name. Try getent ahosts \(name) on the host; correct the list, or the "
                    + "host's resolver")
        case 128 + SIGKILL:
            throw SandboxError(
                "\(task): no answer within \(Self.seconds) s. Try getent ahosts \(name) on the host; its resolver does "
                    + "not answer")
        default: throw SandboxError("\(task): getent ended with \(result.status): \(result.output.prefix(200))")
        }
        let (addresses, useless) = Self.addresses(in: result.output)
        guard addresses.isEmpty else { return addresses }
        guard let useless else { throw SandboxError("\(task): getent gave no address") }
        throw SandboxError("\(task): its address \(useless) is \(useless.unreachable ?? "none"). List another name")
    }

    /// What getent printed: an address and a socket's type in each line, each address thrice.
    ///
    /// - Returns: those that a sandbox can reach, each once, and one that none can.
    static func addresses(in output: String) -> (reachable: [NetworkPrefix], other: NetworkPrefix?) {
        var reachable: [NetworkPrefix] = []
        var other: NetworkPrefix?
        for line in output.split(separator: "\n") {
            guard let word = line.split(separator: " ").first, let address = NetworkPrefix(address: String(word)) else {
                continue
            }
            if address.unreachable != nil {
                other = address
            } else if !reachable.contains(address), reachable.count < mostAddresses {
                reachable.append(address)
            }
        }
        return (reachable, other)
    }
}
