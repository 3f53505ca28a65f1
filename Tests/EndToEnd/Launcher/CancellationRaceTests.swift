import Dispatch
import Glibc
import Testing
import Wire

extension EndToEnd {
    @Suite struct CancellationRaceTests {
        /// A Processing that is cancelled while it is admitted must not go on holding what it was given: the host would have
        /// less for the next ones, and the Processing could not be run again.
        @Test func whatIsCancelledAtTheMomentOfItsAdmissionHoldsNothing() throws {
            let files = [
                "tasks/quick.yaml": "on_event: quick\npolicy: small\nscripts: [{name: quick, run: [/bin/true]}]\n",
                // It needs all that the host hands out.
                "tasks/all.yaml": "policy: small\nscripts: [{name: all, run: [/bin/true], limits: {cpu: 1}}]\n",
            ]
            try withHost(files, settings: ["cpu: 1", "memory: 4G"]) { host in
                let (socket, pid) = (host.socket, try #require(host.pid))
                DispatchQueue.concurrentPerform(iterations: 24) { client in
                    for number in 0..<25 { Self.cancelAndRerun("\(client)-\(number)", socket) }
                }
                #expect(host.isRunning && host.pid == pid)
                _ = try eventually("all have ended", seconds: 120) {
                    try host.processings().allSatisfy { $0.endedAt != nil } ? true : nil
                }
                #expect(try host.complete("all").status == "success")
            }
        }

        private static func cancelAndRerun(_ key: String, _ socket: String) {
            let event = Array(#"{"type":"quick","key":"\#(key)"}"#.utf8)
            guard let answer = try? UnixRequest.send(socket, "POST", "/api/v1/events", event),
                let list = answer.body.firstRange(of: #""processings":["#),
                let id = Int64(answer.body[list.upperBound...].prefix { $0.isNumber })
            else { return }
            usleep(UInt32.random(in: 0..<120_000))
            let place = "/api/v1/processings/\(id)"
            guard
                (try? UnixRequest.send(socket, "POST", "\(place)/cancel", Array("{}".utf8)))?.status.map({ $0 / 100 })
                    == 2
            else { return }
            for _ in 0..<100 {
                let answer = try? UnixRequest.send(socket, "POST", "\(place)/rerun", Array("{}".utf8))
                if answer?.status.map({ $0 / 100 }) == 2 { return }
                usleep(10_000)
            }
        }
    }
}
