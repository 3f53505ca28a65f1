import WebSocket

/// A connection to the Launcher that has become a WebSocket. Closed when it is released.
final class WebSocketConnection {
    private let connection: ServerConnection
    /// What came with the answer that granted it: read before anything from the descriptor.
    let early: [UInt8]

    init(_ connection: consuming ServerConnection, early: [UInt8]) {
        self.connection = connection
        self.early = early
    }

    /// Does not block.
    var descriptor: Int32 { connection.descriptor }
}
