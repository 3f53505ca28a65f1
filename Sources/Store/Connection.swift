import CSQLite

/// A value as SQLite stores it.
enum Value {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    static func optional(_ value: Int64?) -> Value { value.map(Value.integer) ?? .null }
    static func optional(_ value: Double?) -> Value { value.map(Value.real) ?? .null }
    static func optional(_ value: String?) -> Value { value.map(Value.text) ?? .null }
}

/// One row of a result; columns count from 0.
struct Row {
    let statement: OpaquePointer

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
    /// The bytes of a blob; none for NULL. Not to be kept beyond the call.
    func withBytes<Result>(_ column: Int32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let bytes = sqlite3_column_blob(statement, column)
        return body(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column))))
    }
    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }
    func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }
    func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }
    func optionalReal(_ column: Int32) -> Double? { isNull(column) ? nil : sqlite3_column_double(statement, column) }
}

/// One connection to the database file, with its statements prepared once. For one thread at a time.
final class Connection {
    private let handle: OpaquePointer
    private let path: String
    private var statements: [String: OpaquePointer] = [:]
    /// Changes told of since somebody last looked: see `ChangeLog`.
    var toldChanges = 0

    /// - Parameter readOnly: the file must exist then.
    init(path: String, readOnly: Bool) throws(StoreError) {
        self.path = path
        var opened: OpaquePointer?
        // Each connection stays on a queue of its own, so SQLite's own locks are not needed.
        let access = readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        let result = sqlite3_open_v2(path, &opened, access | SQLITE_OPEN_NOMUTEX, nil)
        guard result == SQLITE_OK, let opened else {
            let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(opened)
            throw StoreError("opening the database \(path): \(message)")
        }
        handle = opened
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, 10_000)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Runs statements that take and give nothing: a schema, a pragma.
    func script(_ sql: String) throws(StoreError) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure(sql) }
    }

    func run(_ sql: String, _ values: Value...) throws(StoreError) {
        _ = try rows(sql, values) { _ in () }
    }

    func all<Element>(_ sql: String, _ values: [Value] = [], _ read: (Row) -> Element) throws(StoreError) -> [Element] {
        try rows(sql, values, read)
    }

    func first<Element>(_ sql: String, _ values: Value..., read: (Row) -> Element) throws(StoreError) -> Element? {
        try rows(sql, values, read).first
    }

    var lastInsertedID: Int64 { sqlite3_last_insert_rowid(handle) }
    /// Rows that the last statement changed.
    var changes: Int32 { sqlite3_changes(handle) }

    /// The statements that it has prepared so far, and how much SQLite has done for them, in instructions of its machine.
    var prepared: [String] { Array(statements.keys) }
    var steps: Int { statements.values.reduce(0) { $0 + Int(sqlite3_stmt_status($1, SQLITE_STMTSTATUS_VM_STEP, 0)) } }

    private func rows<Element>(
        _ sql: String, _ values: [Value], _ read: (Row) -> Element
    ) throws(StoreError) -> [Element] {
        let statement = try prepare(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() {
            let column = Int32(index + 1)
            let result =
                switch value {
                case .null: sqlite3_bind_null(statement, column)
                case .integer(let number): sqlite3_bind_int64(statement, column, number)
                case .real(let number): sqlite3_bind_double(statement, column, number)
                // With its length: up to the first NUL, two different keys could be the same.
                case .text(let text):
                    sqlite3_bind_text(statement, column, text, Int32(text.utf8.count), altp_sqlite_transient())
                case .blob(let bytes):
                    sqlite3_bind_blob(statement, column, bytes, Int32(bytes.count), altp_sqlite_transient())
                }
            guard result == SQLITE_OK else { throw failure(sql) }
        }
        var result: [Element] = []
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: result.append(read(Row(statement: statement)))
            case SQLITE_DONE: return result
            default: throw failure(sql)
            }
        }
    }

    private func prepare(_ sql: String) throws(StoreError) -> OpaquePointer {
        if let ready = statements[sql] { return ready }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK,
            let statement
        else { throw failure(sql) }
        statements[sql] = statement
        return statement
    }

    private func failure(_ sql: String) -> StoreError {
        let code = sqlite3_errcode(handle)
        let advice =
            // The low byte says what, the rest which of its kind.
            switch code & 0xff {
            case SQLITE_FULL: ". The disk is full: nothing was changed; free space on it"
            case SQLITE_READONLY, SQLITE_CANTOPEN:
                ". The state folder must be writable for the Launcher: see whether its file system is read-only, or full "
                    + "(df, df -i)"
            case SQLITE_IOERR:
                ". Nothing was changed; see what the kernel says of the disk (dmesg), and whether it is full or read-only"
            case SQLITE_CORRUPT, SQLITE_NOTADB: ". Put the file aside and restore a copy of it"
            default: ""
            }
        let verb = sql.split(separator: " ", maxSplits: 3).prefix(3).joined(separator: " ")
        return StoreError("\(verb) … in \(path): \(String(cString: sqlite3_errmsg(handle))) (\(code))\(advice)")
    }
}
