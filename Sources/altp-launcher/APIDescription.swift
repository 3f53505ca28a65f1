import API
import Glibc

/// `altp-launcher --describe-api` prints what `GET /api/v1/openapi.json` answers, for whoever generates a client or a page of
/// it without a Launcher that runs.
enum APIDescription {
    static func isAskedFor(_ arguments: [String]) -> Bool { arguments.dropFirst().elementsEqual(["--describe-api"]) }

    static func print() -> Never {
        do {
            var text = try OpenAPIDocument.text.get()[...]
            while !text.isEmpty {
                let count = text.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress!, $0.count) }
                guard count > 0 else {
                    report("writing the description: \(String(cString: strerror(errno)))")
                    exit(1)
                }
                text = text.dropFirst(count)
            }
            exit(0)
        } catch {
            report("the description of the API: \(error)")
            exit(1)
        }
    }
}
