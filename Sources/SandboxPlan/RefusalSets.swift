/// The names by which the ruleset that the starter writes and pid 1, which reads what was refused, mean the same.
package enum RefusalSets {
    package static let table = "altp"
    /// Keys: address, protocol, port; each in words of four bytes.
    package static let ipv4 = "refused4"
    package static let ipv6 = "refused6"
    /// Keys: the protocol. What the other two had no place for, and what has no port.
    package static let others = "others"
    /// Destinations that each of the first two holds.
    package static let most = 64
}
