/// How the API is offered over TCP, and what it allows its clients: `api:` of altp.yaml.
package struct APIConfiguration: Sendable, Hashable, Codable {
    /// Nothing listens on TCP unless it stands here.
    package var listen: [ListenAddress] = []
    package var tls: TLSFiles?
    /// The consent to serve others than this host without TLS, behind a tunnel for one.
    package var insecure = false
    /// Names that requests may give the host, beside its addresses: see `HostHeader`.
    package var hosts: [String] = []
    package var limits = APILimits()
    package var audit = AuditRetention()

    package init() {}
}

/// Certificate chain and private key, PEM files of these absolute paths.
package struct TLSFiles: Sendable, Hashable, Codable {
    package var certificate: String
    package var key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// What the API allows its clients. Those on the Unix socket have the sizes in common with those on TCP, and nothing else:
/// no crowd on TCP takes from them.
package struct APILimits: Sendable, Hashable, Codable {
    /// Of a request's body.
    package var body = ByteSize(bytes: 1 << 20)
    /// Of a request's line and headers together.
    package var header = ByteSize(bytes: 32 << 10)
    /// Over TCP, all together.
    package var connections = 256
    /// Of one address, and of one token.
    package var connectionsPerClient = 32
    /// Of one token; without a valid token, of one address.
    package var requestsPerSecond = 50.0
    /// Requests that may come at once before that counts.
    package var burst = 100
    /// In which a request must have come to its end, from the connection's begin or the answer before it.
    package var requestTime = Timespan(seconds: 20)

    package init() {}
}

/// How long the audit log is kept.
package struct AuditRetention: Sendable, Hashable, Codable {
    package var keep = Timespan(seconds: 365 * 86_400)
    /// Of each kind (people's changes, Scripts' changes, refusals), so that a flood of one leaves the others.
    package var entries = 100_000

    package init() {}
}
