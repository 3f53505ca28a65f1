import Glibc

/// Which Launcher a verb talks to.
enum LauncherPlace: Hashable, CustomStringConvertible {
    case socket(String)
    case server(ServerAddress, token: String?, authorities: String?)

    var description: String {
        switch self {
        case .socket(let path): path
        case .server(let address, _, _): "\(address)"
        }
    }

    /// What the command line says of it.
    struct Options {
        var socket: String?
        var server: String?
        var tokenFile: String?
        var authorities: String?

        init(
            socket: String? = nil, server: String? = nil, tokenFile: String? = nil, authorities: String? = nil
        ) {
            self.socket = socket
            self.server = server
            self.tokenFile = tokenFile
            self.authorities = authorities
        }
    }

    /// What is said on the command line goes before the environment; there a server goes before a socket.
    init(_ options: Options, environment: [String: String]) throws(CommandFailure) {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if options.socket != nil, options.server != nil {
            throw CommandFailure("--socket and --server exclude each other.", status: .usage)
        }
        let named = options.socket == nil ? options.server ?? variable("ALTP_SERVER") : nil
        guard let url = named else {
            self = .socket(Self.path(option: options.socket, environment: environment))
            return
        }
        let address: ServerAddress
        do throws(ServerAddress.Mistake) {
            address = try ServerAddress(parsing: url)
        } catch {
            let name = options.server == nil ? "ALTP_SERVER" : "--server"
            throw CommandFailure(
                "\(name): \(Printable.line(url)) \(error.message). It should read as https://altp.example:8470.",
                status: .usage)
        }
        let token = try Self.token(options, variable("ALTP_TOKEN"))
        if token != nil, !address.isEncrypted, !address.isLoopback, variable("ALTP_INSECURE") != "1" {
            throw CommandFailure(
                "\(address) is not encrypted, and everybody on the way could read the token. Use https://, an ssh tunnel to "
                    + "its loopback, or consent with ALTP_INSECURE=1.", status: .usage)
        }
        self = .server(address, token: token, authorities: options.authorities ?? variable("ALTP_CA"))
    }

    static func path(option: String?, environment: [String: String]) -> String {
        if let option { return option }
        if let named = environment["ALTP_SOCKET"], !named.isEmpty { return named }
        return environment["ALTP_PROCESSING"] == nil ? "/run/altp/altp.sock" : "/run/altp.sock"
    }

    private static func token(_ options: Options, _ variable: String?) throws(CommandFailure) -> String? {
        let origin = options.tokenFile == nil ? "ALTP_TOKEN" : "--token-file"
        var text = variable
        if let file = options.tokenFile { text = try read(file) }
        guard let text else { return nil }
        let token = text.trimmed
        // What would end the header's line never gets into it.
        guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw CommandFailure("\(origin): there is no token in it, a word that begins with altp_.", status: .usage)
        }
        return token
    }

    private static func read(_ path: String) throws(CommandFailure) -> String {
        func failure(_ reason: String) -> CommandFailure {
            CommandFailure("--token-file: \(Printable.line(path)): \(reason)", status: .usage)
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat: \(String(cString: strerror(errno)))") }
        if status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o007 != 0 {
            throw failure("everybody may read or change it; chmod 600 it, and revoke the token if others were here.")
        }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw failure("read: \(String(cString: strerror(errno)))") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        return String(text)
    }
}
