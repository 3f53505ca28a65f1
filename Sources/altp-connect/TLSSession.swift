import CGnuTLS
import Glibc

/// A TLS connection whose server has proved its name.
final class TLSSession {
    enum Step {
        case bytes(Int)
        /// Poll for the named event first.
        case wait(Int16)
        case end
    }

    private let session: gnutls_session_t
    private let credentials: gnutls_certificate_credentials_t

    /// As the server has them: versions before 1.2 are out of use (RFC 8996).
    private static let versions = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
    private static let patience: Int32 = 10_000

    /// Shakes hands.
    ///
    /// - Parameter authorities: a PEM file of those that are trusted; nil for the system's.
    init(over descriptor: Int32, host: String, authorities: String?) throws(Refusal) {
        var credentials: gnutls_certificate_credentials_t?
        var session: gnutls_session_t?
        try Self.check(gnutls_certificate_allocate_credentials(&credentials), "preparing TLS")
        try Self.check(
            gnutls_init(&session, UInt32(GNUTLS_CLIENT) | UInt32(GNUTLS_NONBLOCK)), "preparing TLS")
        guard let credentials, let session else { throw Refusal(text: "preparing TLS: out of memory") }
        (self.credentials, self.session) = (credentials, session)
        if let authorities {
            let count = gnutls_certificate_set_x509_trust_file(credentials, authorities, GNUTLS_X509_FMT_PEM)
            guard count > 0 else {
                let reason = count < 0 ? String(cString: gnutls_strerror(count)) : "it has no certificate"
                throw Refusal(text: "reading the authorities \(authorities): \(reason)")
            }
        } else {
            try Self.check(
                min(0, gnutls_certificate_set_x509_system_trust(credentials)), "reading the system's authorities")
        }
        try Self.check(gnutls_priority_set_direct(session, Self.versions, nil), "preparing TLS")
        try Self.check(
            gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, UnsafeMutableRawPointer(credentials)),
            "preparing TLS")
        // An address is no name to indicate (RFC 6066, section 3).
        if !Self.isAddress(host) {
            try Self.check(gnutls_server_name_set(session, GNUTLS_NAME_DNS, host, host.utf8.count), "preparing TLS")
        }
        gnutls_session_set_verify_cert(session, host, 0)
        gnutls_transport_set_int2(session, descriptor, descriptor)
        var result = gnutls_handshake(session)
        while result < 0, gnutls_error_is_fatal(result) == 0 {
            var entry = pollfd(fd: descriptor, events: direction, revents: 0)
            guard poll(&entry, 1, Self.patience) > 0 else { throw Refusal(text: "TLS: the server does not answer") }
            result = gnutls_handshake(session)
        }
        guard result == 0 else { throw Refusal(text: "TLS: \(reason(result))") }
    }

    deinit {
        gnutls_deinit(session)
        gnutls_certificate_free_credentials(credentials)
    }

    /// Bytes that have come and wait to be received, of which poll(2) knows nothing.
    var hasPending: Bool { gnutls_record_check_pending(session) > 0 }

    func receive(_ buffer: UnsafeMutableRawBufferPointer) -> Step {
        step(gnutls_record_recv(session, buffer.baseAddress, buffer.count))
    }

    /// After `wait` it must be called with the same bytes again.
    func send(_ bytes: UnsafeRawBufferPointer) -> Step {
        step(gnutls_record_send(session, bytes.baseAddress, bytes.count))
    }

    func end() { gnutls_bye(session, GNUTLS_SHUT_WR) }

    private func step(_ result: Int) -> Step {
        if result > 0 { return .bytes(result) }
        // Also where the server cuts the connection off: that its answer is whole, HTTP says.
        guard result < 0, gnutls_error_is_fatal(Int32(result)) == 0 else { return .end }
        return .wait(direction)
    }

    private var direction: Int16 { Int16(gnutls_record_get_direction(session) == 1 ? POLLOUT : POLLIN) }

    private func reason(_ result: Int32) -> String {
        guard result == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR else {
            return String(cString: gnutls_strerror(result))
        }
        var text = gnutls_datum_t()
        let status = gnutls_session_get_verify_cert_status(session)
        guard gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) == 0, let data = text.data
        else { return "the server's certificate cannot be trusted" }
        defer { altp_gnutls_free(UnsafeMutableRawPointer(data)) }
        return String(decoding: UnsafeBufferPointer(start: data, count: Int(text.size)), as: UTF8.self)
            .filter { $0 != "\n" }
    }

    private static func check(_ result: Int32, _ what: String) throws(Refusal) {
        guard result < 0 else { return }
        throw Refusal(text: "\(what): \(String(cString: gnutls_strerror(result)))")
    }

    private static func isAddress(_ host: String) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16)
        return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1
    }
}
