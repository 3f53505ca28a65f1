import Glibc

/// The names in a directory, as the bytes that they are: a hostile writer's need not be text.
package enum DirectoryEntries {
    /// A name as the kernel has it, with its final NUL.
    package typealias Name = [CChar]

    /// Reads names from the directory's beginning, whatever was read through this descriptor before.
    ///
    /// - Parameters:
    ///   - path: what the directory is called, for the error.
    ///   - most: how many at most, so that memory is bounded.
    /// - Returns: the names without `.` and `..`, in the file system's order.
    package static func read(_ directory: Int32, path: String, most: Int = 10_000) throws(SystemError) -> [Name] {
        var names: [Name] = []
        guard most > 0 else { return names }
        try visit(directory, path: path) { name in
            names.append(Array(UnsafeBufferPointer(start: name, count: strlen(name) + 1)))
            return names.count < most
        }
        return names
    }

    /// Goes through the names from the directory's beginning, without `.` and `..`, in the file system's order.
    ///
    /// - Parameter body: gets a name up to its NUL, and says whether to go on.
    package static func visit(
        _ directory: Int32, path: String, _ body: (UnsafePointer<CChar>) -> Bool
    ) throws(SystemError) {
        let copy = try FileDescriptor.open(".", O_RDONLY | O_DIRECTORY, at: directory).take()
        guard let stream = fdopendir(copy) else {
            let error = SystemError("fdopendir", path)
            close(copy)
            throw error
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let item = readdir(stream) else {
                if errno != 0 { throw SystemError("readdir", path) }
                return
            }
            let goesOn = withUnsafePointer(to: &item.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || body(name)
                }
            }
            if !goesOn { return }
        }
    }

    /// The names of a directory's folders, as text.
    package static func folders(_ directory: Int32, path: String) throws(SystemError) -> [String] {
        try read(directory, path: path).compactMap { name in
            var status = stat()
            guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                return nil
            }
            return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}
