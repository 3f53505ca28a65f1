import Glibc
import WebSocket
import Wire

/// Requests to the Launcher, a connection each: over its Unix socket, or to another host.
package final class LauncherClient {
    private let place: Result<LauncherPlace, CommandFailure>
    private let interruption: Interruption?
    private let isInsideSandbox: Bool

    private static let connectTimeout = 10_000
    static let answerTimeout = 60_000

    /// - Parameters:
    ///   - options: what the command line says of the Launcher; the environment and the default say the rest. What is wrong
    ///     with it is thrown by the first request.
    ///   - interruption: makes a signal end a wait for an answer, where the verb catches signals.
    init(_ options: LauncherPlace.Options, context: Context, interruption: Interruption? = nil) {
        isInsideSandbox = context.isInsideSandbox
        self.interruption = interruption
        place = Result { () throws(CommandFailure) in
            try LauncherPlace(options, environment: context.environment)
        }
    }

    /// The socket's path, or the server's URL.
    package var name: String { (try? place.get()).map(\.description) ?? "-" }

    private var caller: ProblemText.Caller {
        if isInsideSandbox { return .script }
        if case .success(.server(_, let token, _)) = place { return .remote(hasToken: token != nil) }
        return .local
    }

    /// The answer to a request that succeeded.
    /// - Throws: `CommandFailure`: the Launcher cannot be reached (status 3), or it refused (status 1), as sentences.
    func send(_ request: HTTPRequest) throws -> HTTPResponse {
        let response = try exchange(request)
        guard (200..<300).contains(response.status) else {
            throw CommandFailure(ProblemText.sentences(response, caller))
        }
        return response
    }

    func decode<Answer: Decodable>(_ type: Answer.Type, _ body: [UInt8]) throws -> Answer {
        do {
            return try WireJSON.decode(type, from: body)
        } catch {
            throw CommandFailure(
                "the Launcher at \(Printable.line(name)) answered what this altp \(ProductVersion.current) does not understand: "
                    + "\(Printable.line("\(error)")). Are both of the same version?")
        }
    }

    /// Opens a WebSocket (RFC 6455, section 4.1).
    ///
    /// - Parameter path: as the Launcher named it.
    /// - Throws: what `send` throws.
    func openWebSocket(_ path: String) throws -> WebSocketConnection {
        let handshake = WebSocketHandshake.request()
        let request = HTTPRequest(
            method: "GET", path: path, upgrade: handshake.headers.map { .init(name: $0.name, value: $0.value) })
        return try reaching {
            let connection = try open()
            let (response, early) = try Self.exchange(addressed(request), over: connection)
            guard response.status == 101 else {
                throw CommandFailure(ProblemText.sentences(response, caller))
            }
            guard response.header("sec-websocket-accept") == WebSocketHandshake.accept(key: handshake.key) else {
                throw HTTPError("it took this for something else than a WebSocket")
            }
            return WebSocketConnection(connection, early: early)
        }
    }

    /// Gets a long answer piece by piece.
    ///
    /// - Parameter patience: milliseconds without a byte after which nothing more is expected.
    /// - Throws: what `send` throws, and what `onPiece` does.
    func download(
        _ request: HTTPRequest, patience: Int = LauncherClient.answerTimeout, onPiece: ([UInt8]) throws -> Void
    ) throws {
        var failure: (any Error)?
        let response = try reaching {
            let connection = try open()
            try connection.send(addressed(request).bytes, deadline: MonotonicTime.now + Self.answerTimeout)
            var parser = HTTPResponseParser()
            while parser.result == nil {
                let bytes = try connection.receive(256 << 10, deadline: MonotonicTime.now + patience)
                // A body without a length would end here: it is not known whether all of it has come.
                guard !bytes.isEmpty else {
                    throw CommandFailure("the Launcher broke off its answer; its log says why", status: .unreachable)
                }
                try parser.feed(bytes)
                let piece = parser.drain()
                do {
                    if !piece.isEmpty { try onPiece(piece) }
                } catch {
                    failure = error
                    return HTTPResponse(status: 200, headers: [], body: [])
                }
            }
            return parser.result!
        }
        if let failure { throw failure }
        guard (200..<300).contains(response.status) else {
            throw CommandFailure(ProblemText.sentences(response, caller))
        }
    }

    private func exchange(_ request: HTTPRequest) throws -> HTTPResponse {
        try reaching {
            let connection = try open()
            return try Self.exchange(addressed(request), over: connection).response
        }
    }

    private func open() throws -> ServerConnection {
        switch try place.get() {
        case .socket(let path):
            return try ServerConnection.open(path: path, timeout: Self.connectTimeout, interruption: interruption)
        case .server(let address, _, let authorities):
            return try Connector.open(
                address, authorities: authorities, timeout: Self.connectTimeout * 3, interruption: interruption)
        }
    }

    /// The request with what a Launcher on another host must know.
    private func addressed(_ request: HTTPRequest) -> HTTPRequest {
        guard case .success(.server(let address, let token, _)) = place else { return request }
        var request = request
        request.authority = address.authority
        request.token = token
        return request
    }

    /// - Returns: the answer, and the first bytes of another protocol, when it grants one.
    private static func exchange(
        _ request: HTTPRequest, over connection: borrowing ServerConnection
    ) throws -> (response: HTTPResponse, early: [UInt8]) {
        let deadline = MonotonicTime.now + answerTimeout
        try connection.send(request.bytes, deadline: deadline)
        var parser = HTTPResponseParser(acceptsUpgrade: !request.upgrade.isEmpty)
        while parser.result == nil {
            let bytes = try connection.receive(64 << 10, deadline: deadline)
            if bytes.isEmpty {
                try parser.finish()
            } else {
                try parser.feed(bytes)
            }
        }
        return (parser.result!, parser.early)
    }

    /// Tells what a connection may come to, in sentences.
    private func reaching<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let failure as CommandFailure {
            throw failure
        } catch let error as ConnectionError where error.kind == .interrupted {
            throw interruption?.status ?? .interrupted
        } catch {
            let advice = Self.advice((error as? ConnectionError)?.code, isInsideSandbox: isInsideSandbox)
            throw CommandFailure(
                "cannot reach the Launcher at \(Printable.line(name)): \(error).\(advice)", status: .unreachable)
        }
    }

    private static func advice(_ code: Int32?, isInsideSandbox: Bool) -> String {
        switch code {
        case EACCES: " Root and the group altp may connect to it."
        case ENOENT where isInsideSandbox: " The policy's control is none, or the Launcher is not running."
        case ENOENT, ECONNREFUSED: " Is it running? Start it with: altp serve"
        default: ""
        }
    }
}
