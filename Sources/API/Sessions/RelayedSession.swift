package import Sandbox

/// What a relay joins to a connection. Tests have a plain process in its place.
package protocol RelayedSession: AnyObject, Sendable {
    var streams: SessionStreams { get }
    func resize(_ size: TerminalSize)
    func send(signal: Int32)
    func endInput()
    func ended() async -> SessionEnd
    func end()
}

extension SandboxSession: RelayedSession {}
