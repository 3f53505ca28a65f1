import CMicroHTTPD
import Glibc

/// What becomes of a connection after an answer that changes its protocol (101, RFC 9110 section 15.2.2).
package final class ConnectionUpgrade: Sendable, Hashable {
    /// As the Upgrade header names it.
    let name: String
    private let take: @Sendable (UpgradedConnection) -> Void

    /// - Parameter take: gets the connection on the server's own thread, and must not block.
    package init(to name: String, take: @escaping @Sendable (UpgradedConnection) -> Void) {
        self.name = name
        self.take = take
    }

    func begin(_ connection: UpgradedConnection) { take(connection) }

    package static func == (left: ConnectionUpgrade, right: ConnectionUpgrade) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// A connection that speaks HTTP no more. It is closed when it is released.
package final class UpgradedConnection: Sendable {
    /// A socket that does not block. After the server's stop it is at its end in both directions.
    package let descriptor: Int32
    /// What the client sent too early: read before anything from the descriptor.
    package let early: [UInt8]

    private let giveBack: @Sendable () -> Void

    /// - Parameter giveBack: closes the descriptor.
    package init(descriptor: Int32, early: [UInt8], giveBack: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        self.early = early
        self.giveBack = giveBack
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// One of the library's.
    convenience init(descriptor: Int32, early: [UInt8], handle: OpaquePointer, server: ServerContext) {
        let handle = Handle(pointer: handle)
        self.init(descriptor: descriptor, early: early) {
            // Before the number is another's.
            server.leave(descriptor)
            shutdown(descriptor, Int32(SHUT_RDWR))
            altp_mhd_close_upgraded(handle.pointer)
        }
        server.enter(descriptor)
    }

    /// The library takes the handle back from any thread.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    deinit { giveBack() }
}
