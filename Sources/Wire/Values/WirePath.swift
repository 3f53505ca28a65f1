/// Where things are in the API.
package enum WirePath {
    /// Every path but `/healthz` begins with it.
    package static let root = "/api/v1"
    /// The socket's name in the run folder.
    package static let socketName = "altp.sock"
}

/// Headers of a log's bytes, beside those of RFC 9110.
package enum LogHeader {
    /// The log's size in bytes when it was read.
    package static let size = "Altp-Log-Size"
    /// `running` while the attempt may still write; `ended` when the bytes up to the size are all there will be.
    package static let state = "Altp-Attempt-State"
}
