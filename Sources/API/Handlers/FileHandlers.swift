import FoundationEssentials
import Launcher
import Glibc
import Linux
import Sandbox
import Wire

extension APIService {
    func listFiles(_ call: Call) async throws(Problem) -> HTTPResponse {
        let list = try ListRequest(call, sorts: Self.fileSorts, preset: "name", fields: FileView.listFields)
        let path = try Self.sandboxPath(call.query)
        let after = try list.place.map(Self.name)
        let attempt = try await beginReading(call)
        let result = await blocking {
            Result { () throws(Problem) in
                let (tree, specification) = try Self.tree(path, attempt)
                do throws(TreeFolderError) {
                    let page = try TreeFolder.list(
                        path.below, in: tree.directory.raw, after: after, limit: list.limit)
                    return (page, specification.identity)
                } catch {
                    throw Self.problem(error, path, "directory")
                }
            }
        }
        await launcher.endReading(attempt)
        let (page, identity) = try result.get()
        return list.response(
            items: try mapped { try list.encode(page.entries.map { FileView($0, identity) }) },
            next: page.next.map(Self.place), isCut: page.isCut)
    }

    static let fileSorts = ["name"]

    func readFile(_ call: Call) async throws(Problem) -> HTTPResponse {
        let path = try Self.sandboxPath(call.query)
        let attempt = try await beginReading(call)
        let result = await blocking {
            Result { () throws(Problem) in
                let (tree, _) = try Self.tree(path, attempt)
                do throws(TreeFolderError) {
                    return try TreeFolder.open(path.below, in: tree.directory.raw)
                } catch {
                    throw Self.problem(error, path, "file")
                }
            }
        }
        do {
            return try response(try result.get(), path, attempt, call.request)
        } catch {
            await launcher.endReading(attempt)
            throw error
        }
    }

    /// From here on the stream, or nobody, holds the attempt's directories.
    private func response(
        _ opened: PreservedFile, _ path: SandboxPath, _ attempt: Launcher.ReadAttempt, _ request: HTTPRequest
    ) throws(Problem) -> HTTPResponse {
        let answer = try FileAnswer(opened.entry, path, request)
        let launcher = launcher
        guard let range = answer.range else {
            Task { await launcher.endReading(attempt) }
            return answer.response
        }
        let log = log
        let stream = ResponseStream(size: range.upperBound - range.lowerBound) { output in
            do throws(SystemError) {
                if request.method != "HEAD" { try opened.write(range, to: output) }
                return true
            } catch {
                // The client may have had enough.
                if error.number != EPIPE { log("api: reading a file of \(attempt.reference): \(error)") }
                return false
            }
        } isOver: {
            Task { await launcher.endReading(attempt) }
        }
        guard let stream else {
            throw Problems.unavailable("The Launcher has no more descriptors to read with; try again later.")
        }
        var response = answer.response
        response.stream = stream
        return response
    }

    // MARK: What is asked for

    private func beginReading(_ call: Call) async throws(Problem) -> Launcher.ReadAttempt {
        let id = try Self.identifier(call.captures["id"], of: "Processing")
        let number = Int(try Self.identifier(call.captures["number"], of: "attempt"))
        return try await launched { () async throws(LauncherError) in
            try await launcher.beginReading(
                processing: id, script: call.captures["script"] ?? "", number: number)
        }
    }

    static func sandboxPath(_ query: Query) throws(Problem) -> SandboxPath {
        let bytes: [UInt8]
        switch (query.first("path"), query.first("path_base64")) {
        case (let text?, nil): bytes = Array(text.utf8)
        case (nil, let text?):
            guard let data = Data(base64Encoded: text) else {
                throw Query.wrong("path_base64", "must be base64 (RFC 4648, section 4)")
            }
            bytes = Array(data)
        case (nil, nil): throw Query.wrong("path", "is missing; it is a path as the Script saw it, such as /scratch")
        case (_?, _?): throw Query.wrong("path", "and path_base64 exclude each other")
        }
        guard let path = SandboxPath(bytes) else {
            throw Query.wrong("path", "must be absolute, shorter than 4096 bytes, and without . and ..")
        }
        return path
    }

    /// Blocks its thread.
    private static func tree(
        _ path: SandboxPath, _ attempt: Launcher.ReadAttempt
    ) throws(Problem) -> (PreservedTree, SandboxSpecification) {
        do throws(SandboxError) {
            let trees = try PreservedTrees(of: attempt.directory, withShared: path.place == .processing)
            if let tree = trees[path.place] { return (tree, trees.specification) }
        } catch {
            throw Problems.conflict(error.description)
        }
        switch path.place {
        case .root:
            throw Problems.notFound(
                "Of the rootfs of \(attempt.reference) nothing was kept: it is the host's own, which nothing can be written "
                    + "to. What it left is below /scratch and /processing.")
        case .scratch, .processing:
            throw Problems.notFound("\(attempt.reference) has no /\(path.place.rawValue).")
        }
    }

    private static func problem(_ error: TreeFolderError, _ path: SandboxPath, _ wanted: String) -> Problem {
        let name = path.text
        switch error {
        case .notFound: return Problems.notFound("There is no \(name) in what the attempt left.")
        case .isOther(let kind):
            return Problems.conflict("\(name) is a \(kind.rawValue), and a \(wanted) is needed here.")
        case .leadsElsewhere:
            return Problems.conflict("On the way to \(name) is a symbolic link, and these are not followed here.")
        case .failed(let error): return Problems.failed("\(name) could not be read: \(error.message).")
        }
    }

    // A name in a cursor: as digits, for it may hold anything.

    private static func place(_ name: [UInt8]) -> String { Hexadecimal.text(of: name) }

    private static func name(_ place: String) throws(Problem) -> [UInt8] {
        let digits = Array(place.utf8)
        guard digits.count % 2 == 0, digits.count <= 512 else { throw ListRequest.noCursor }
        var name: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
                throw ListRequest.noCursor
            }
            name.append(byte)
        }
        return name
    }
}

extension SandboxPath {
    /// For people; what is no text in it is replaced.
    fileprivate var text: String {
        let below = String(decoding: below.prefix(300), as: UTF8.self)
        switch place {
        case .root: return "/\(below)"
        case .scratch, .processing: return "/\(place.rawValue)" + (below.isEmpty ? "" : "/\(below)")
        }
    }
}

/// What is answered of a file: its headers, and which bytes of it.
struct FileAnswer {
    var response: HTTPResponse
    /// Nil when none of its bytes are sent.
    var range: Range<Int64>?

    init(_ entry: TreeEntry, _ path: SandboxPath, _ request: HTTPRequest) throws(Problem) {
        let tag = Self.tag(entry)
        if let text = request.headers["if-match"], case .tags(let tags)? = EntityTagList(text),
            !tags.contains(where: { $0.matchesStrongly(tag) })
        {
            throw Problems.preconditionFailed("The file has changed; its ETag is \(tag) now.")
        }
        var headers: [HTTPResponse.Header] = [
            .init("Content-Type", "application/octet-stream"), .init("Accept-Ranges", "bytes"),
            .init("ETag", tag.description),
            .init("Content-Disposition", "attachment; filename*=UTF-8''\(Self.fileName(path))"),
        ]
        let isKnown = HTTPResponse(status: 200, headers: headers).unlessKnown(to: request)
        guard isKnown.status == 200 else {
            response = isKnown
            return
        }
        switch ByteRange(Self.rangeHeader(request, tag), size: entry.size) {
        case .whole:
            response = HTTPResponse(status: 200, headers: headers)
            range = 0..<entry.size
        case .part(let part):
            headers.append(
                .init("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(entry.size)"))
            response = HTTPResponse(status: 206, headers: headers)
            range = part
        case .unsatisfiable:
            response = .problem(
                Problems.rangeNotSatisfiable(size: entry.size).about(request),
                headers: [.init("Content-Range", "bytes */\(entry.size)"), .init("Accept-Ranges", "bytes")])
        }
    }

    /// Whatever changes its bytes changes the time of its inode, which no program can set.
    private static func tag(_ entry: TreeEntry) -> EntityTag {
        var digest = Fingerprint()
        digest.add(
            "\(entry.inode) \(entry.size) \(entry.modified.seconds).\(entry.modified.nanoseconds) "
                + "\(entry.changed.seconds).\(entry.changed.nanoseconds)")
        return EntityTag(opaque: digest.text)
    }

    /// Section 13.1.5: with If-Range the Range holds only if the client's part is of the same bytes. A date tells too little.
    private static func rangeHeader(_ request: HTTPRequest, _ tag: EntityTag) -> String? {
        guard request.method == "GET" else { return nil }
        if let text = request.headers["if-range"] {
            guard case .tags(let tags)? = EntityTagList(text), tags.count == 1, tags[0].matchesStrongly(tag) else {
                return nil
            }
        }
        return request.headers["range"]
    }

    /// RFC 8187.
    private static func fileName(_ path: SandboxPath) -> String {
        let name = path.below.split(separator: 0x2F).last.map { String(decoding: $0, as: UTF8.self) } ?? "file"
        return PercentCoding.encode(name)
    }
}
