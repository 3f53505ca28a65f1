import Testing

@testable import API

@Suite struct HostHeaderTests {
    private static let loopback = Door(kind: .loopback, isEncrypted: false)
    private static let network = Door(kind: .network, isEncrypted: true)

    @Test(arguments: [
        "localhost", "localhost:8470", "LocalHost.:8470", "127.0.0.1", "127.0.0.1:8470", "127.1.2.3", "[::1]",
        "[::1]:8470",
    ])
    func theLoopbackGoesByItsNames(_ header: String) {
        #expect(HostHeader.isAccepted(header, names: [], door: Self.loopback))
    }

    @Test(arguments: [
        nil, "", ":8470", "evil.example", "evil.example:8470", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.evil", "192.0.2.1", "[::2]", "[::1", "[::1]x", "localhost:x", "localhost:8470:1",
        "localhost, evil.example",
        "user@localhost", "0.0.0.0",
    ])
    func andByNoOther(_ header: String?) {
        #expect(!HostHeader.isAccepted(header, names: [], door: Self.loopback))
    }

    @Test func namesFromTheConfigurationAreTaken() {
        let names = ["altp.example"]
        for header in ["altp.example", "ALTP.example:443"] {
            #expect(HostHeader.isAccepted(header, names: names, door: Self.loopback))
            #expect(HostHeader.isAccepted(header, names: names, door: Self.network))
        }
        #expect(!HostHeader.isAccepted("other.example", names: names, door: Self.network))
        #expect(HostHeader.isAccepted("192.0.2.1:8470", names: names, door: Self.network))
    }

    @Test func aHostThatIsReachedFromElsewhereNeedsNoNames() {
        #expect(HostHeader.isAccepted("any.example", names: [], door: Self.network))
        #expect(!HostHeader.isAccepted(nil, names: [], door: Self.network))
        #expect(HostHeader.isAccepted(nil, names: ["altp.example"], door: .unixSocket))
    }
}
