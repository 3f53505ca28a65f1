@testable import API
import Testing

@Suite struct RequestProgressTests {
    /// Feeds parts of a body, each as long as its number says; an empty one is a call without a part.
    private static func actions(_ parts: [Int], limit: Int = 10, contentLength: String? = nil) -> [String] {
        var progress = RequestProgress(limit: limit)
        return parts.map { length in
            [UInt8](repeating: 7, count: length).withUnsafeBytes {
                switch progress.advance($0, contentLength: contentLength) {
                case .wait: "wait"
                case .handle(let body): "handle \(body.count)"
                case .answer: "answer"
                case .refuse: "refuse"
                case .abandon: "abandon"
                }
            }
        }
    }

    @Test(
        arguments: [
            ([0, 0], nil, ["wait", "handle 0"]),
            ([0, 4, 6, 0], nil, ["wait", "wait", "wait", "handle 10"]),
            ([0, 4, 6, 0, 0], "10", ["wait", "wait", "wait", "handle 10", "wait"]),
            ([0, 4, 7, 0, 0], nil, ["wait", "wait", "wait", "refuse", "wait"]),
            ([0, 0], "11", ["refuse", "wait"]),
            ([0], "-", ["refuse"]),
            ([0], "99999999999999999999", ["refuse"]),
            ([0, 100, 60, 1], nil, ["wait", "wait", "wait", "abandon"]),
        ] as [([Int], String?, [String])])
    func decides(parts: [Int], contentLength: String?, expected: [String]) {
        #expect(Self.actions(parts, contentLength: contentLength) == expected)
    }

    @Test func answersOnce() {
        var progress = RequestProgress(limit: 10)
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        _ = progress.advance(none, contentLength: nil)
        #expect(progress.advance(none, contentLength: nil) == .handle(body: []))
        let response = HTTPResponse(status: 204)
        progress.answer(response)
        #expect(progress.advance(none, contentLength: nil) == .answer(response))
        #expect(progress.advance(none, contentLength: nil) == .wait)
    }
}
