import Glibc
import Linux

/// A file's content, at most a mebibyte.
func readFileBytes(_ path: String) throws(SystemError) -> [UInt8] {
    let file = try FileDescriptor.open(path, O_RDONLY)
    do {
        return try file.readAll(limit: 1 << 20)
    } catch {
        throw SystemError(error.call, path, number: error.number)
    }
}
