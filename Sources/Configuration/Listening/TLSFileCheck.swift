import Glibc

/// What is wrong with the files that TLS needs, as far as it shows without TLS.
package enum TLSFileCheck {
    package enum Content: String {
        case certificate = "CERTIFICATE"
        case key = "PRIVATE KEY"

        /// The end of a PEM file's first line (RFC 7468): `-----BEGIN EC PRIVATE KEY-----`.
        fileprivate var mark: String { "\(rawValue)-----" }
    }

    /// Reads a file and checks it.
    ///
    /// - Returns: why it cannot be used, as a phrase that follows its path.
    package static func read(_ path: String, as content: Content) -> Result<[UInt8], Refusal> {
        func failure(_ call: String) -> Result<[UInt8], Refusal> {
            .failure(Refusal(description: "\(call): \(String(cString: strerror(errno)))"))
        }
        // Renewals put a link in the file's place, so links are followed; the folder is the administrator's.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return failure("open") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return failure("fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(Refusal(description: "is no regular file")) }
        if content == .key, let refusal = refusal(ofMode: status.st_mode) { return .failure(refusal) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count <= most {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress!, $0.count) }
            guard count >= 0 else { return failure("read") }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        guard bytes.count <= most else { return .failure(Refusal(description: "is longer than \(most) bytes")) }
        guard String(decoding: bytes, as: UTF8.self).contains(content.mark), !bytes.contains(0) else {
            return .failure(Refusal(description: "is no PEM file with a \(content.rawValue)"))
        }
        return .success(bytes)
    }

    package struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        package var description: String
    }

    private static let most = 1 << 20

    /// Its group may read it: certificates that several services use belong to a group of theirs.
    static func refusal(ofMode mode: mode_t) -> Refusal? {
        guard mode & 0o037 != 0 else { return nil }
        let octal = String(mode & 0o777, radix: 8)
        return Refusal(
            description: "has mode 0\(octal), so that others than its owner and group may use it; chmod 0640 or 0600")
    }
}
