/// What every answer carries unless its handler says otherwise.
enum SecurityHeaders {
    private typealias Header = HTTPResponse.Header

    /// Answers tell of the moment, and are as private as their reader's rights. None is what a browser makes of it.
    private static let always = [Header("Cache-Control", "no-store"), Header("X-Content-Type-Options", "nosniff")]

    /// For what a browser could reach. No page may run, frame or embed an answer, and none is told where it was read.
    private static let tcp =
        always + [
            Header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
            Header("Referrer-Policy", "no-referrer"), Header("Cross-Origin-Resource-Policy", "same-origin"),
        ]

    /// A year (RFC 6797).
    private static let tls = tcp + [Header("Strict-Transport-Security", "max-age=31536000")]

    static func all(for door: Door) -> [HTTPResponse.Header] {
        door.kind == .unixSocket ? always : door.isEncrypted ? tls : tcp
    }
}
