import Command

enum AnswerProperties {
    /// However the bytes are cut, they read the same.
    static func response(_ bytes: [UInt8]) {
        func read(by size: Int) -> HTTPResponse? {
            var parser = HTTPResponseParser()
            do throws(HTTPError) {
                var rest = bytes[...]
                while !rest.isEmpty {
                    try parser.feed(rest.prefix(size))
                    rest = rest.dropFirst(size)
                }
                try parser.finish()
            } catch {
                return nil
            }
            return parser.result
        }
        let whole = read(by: max(bytes.count, 1))
        let cut = read(by: 7)
        require(whole?.status == cut?.status && whole?.body == cut?.body, "an answer reads the same however it is cut")
    }
}
