import Glibc

extension Store {
    /// How long groups of changes took to be on the disk, in microseconds, since the store was opened.
    package var commits: LatencyMeter { writer.commits }
    /// Groups of changes that could not be committed since then.
    package var commitFailures: Int { writer.failures }

    /// Sizes of the database and of its log.
    package var fileSizes: [(file: String, bytes: Int64)] {
        [("database", path), ("wal", path + "-wal")].map { file, path in
            var status = stat()
            return (file, stat(path, &status) == 0 ? Int64(status.st_size) : 0)
        }
    }

    /// Throws when the database takes no changes. A commit of the last seconds is proof enough; else one is made that changes
    /// nothing.
    package func checkWritable() async throws(StoreError) {
        if writer.hasCommittedLately { return }
        try await writer.write { connection throws(StoreError) in
            let version = try connection.first("PRAGMA user_version") { $0.integer(0) } ?? 0
            // It writes the first page as it is.
            try connection.script("PRAGMA user_version = \(version)")
        }
    }
}
