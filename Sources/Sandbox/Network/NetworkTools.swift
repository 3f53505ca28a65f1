import CLinux
import Glibc
import Linux

/// The host's programs by which an allow list is held.
package struct NetworkTools {
    let link: HostProgram
    let filter: HostProgram

    static var resolver: HostProgram? { .find("getent") }

    /// What this host lacks for allow lists, with the remedies; empty when it has all.
    package static func obstacles() -> [String] {
        var missing = find().missing
        if altp_has_nf_tables() != 0 {
            missing.append(
                "asking the kernel for nf_tables: \(systemMessage(errno)): modprobe nf_tables, or boot a kernel with "
                    + "CONFIG_NF_TABLES and CONFIG_NFT_REJECT_INET")
        }
        return missing
    }

    /// Finds what there is, and says what is missing, with the remedy.
    static func find() -> (tools: NetworkTools?, missing: [String]) {
        var missing: [String] = []
        let link = HostProgram.find("slirp4netns")
        let filter = HostProgram.find("nft")
        if link == nil { missing.append("slirp4netns is not installed: apt-get install slirp4netns") }
        if filter == nil { missing.append("nft is not installed: apt-get install nftables") }
        if resolver == nil { missing.append("getent is not installed: apt-get install libc-bin") }
        if access("/dev/net/tun", R_OK | W_OK) != 0 {
            missing.append("\(SystemError("access", "/dev/net/tun")): modprobe tun, or boot a kernel with CONFIG_TUN")
        }
        guard let link, let filter, missing.isEmpty else { return (nil, missing) }
        return (NetworkTools(link: link, filter: filter), [])
    }
}
