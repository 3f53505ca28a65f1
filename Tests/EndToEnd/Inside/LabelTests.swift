import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    /// Labels and metrics, by Scripts and by people.
    @Suite struct LabelTests {
        @Test func labelsAreSetFoundAndRemoved() throws {
            try withHost([
                "tasks/job.yaml": """
                policy: small
                params: {quality: {type: string, required: true}}
                scripts:
                  - name: work
                    run: |
                      altp label quality "$PARAM_QUALITY"
                      altp label sensor OLI
                      altp label gone soon && altp label gone --remove
                      altp self -o json
                """
            ]) { host in
                let good = try host.complete("job", "--param", "quality=good")
                let poor = try host.complete("job", "--param", "quality=very poor: clouds")
                #expect(good.labels == ["quality": "good", "sensor": "OLI"])
                let history = (good.history ?? []).map(\.text)
                #expect(history.contains("label quality set to good by script:\(good.id)/work#1"))
                #expect(history.contains("label gone removed by script:\(good.id)/work#1"))
                let line = try #require(try host.altp("logs", "\(good.id)/work").split(separator: "\n").first)
                let view = try WireJSON.decode(SelfView.self, from: Array(line.utf8))
                #expect(view.labels == good.labels)
                #expect(view.wallTime?.wallMilliseconds == 120_000)
                #expect(try host.processings("--label", "quality:good").map(\.id) == [good.id])
                #expect(try host.processings("--label", "quality:very poor: clouds").map(\.id) == [poor.id])
                #expect(try host.processings("--label", "quality:good", "--label", "sensor:TM").isEmpty)
                let both = try host.processings("--label", "quality:good", "--label", "quality:very poor: clouds")
                #expect(both.map(\.labels?["sensor"]) == ["OLI", "OLI"])
                // People, of what has ended.
                try host.altp("label", "checked-by", "ann", "--of", "\(poor.id)")
                try host.altp("label", "quality", "--remove", "--of", "\(poor.id)")
                let checked = try host.processing(poor.id)
                #expect(checked.labels == ["sensor": "OLI", "checked-by": "ann"])
                #expect(checked.history?.last?.text == "label quality removed by cli:root")
                try host.end(SIGKILL)
                try host.start()
                #expect(try host.processings("--label", "checked-by:ann").map(\.id) == [poor.id])
                #expect(try host.run("label", "a b", "x", "--of", "\(poor.id)").errors.contains("key must be"))
                #expect(try host.run("label", "a", "x", "--of", "999").errors.contains("no Processing 999"))
            }
        }

        @Test func labelsAndMetricsAreBounded() throws {
            try withHost([
                "tasks/job.yaml": """
                policy: small
                scripts:
                  - name: work
                    run: |
                      for number in $(seq 32); do altp label key$number x || exit 3; done
                      altp label one-more x && exit 4
                      for number in $(seq 100); do altp metric name$number $number || exit 5; done
                      altp metric one-more 1 && exit 6
                      altp metric name7 77
                """
            ]) { host in
                let done = try host.complete("job")
                #expect(done.status == "success", "\(done.reason ?? "")")
                #expect(done.labels?.count == 32)
                let metrics = try #require(done.scripts?.first?.attempts.first?.metrics)
                #expect(metrics.count == 100)
                #expect(metrics.first { $0.name == "name7" }?.value == 77)
                let log = try host.altp("logs", "\(done.id)/work")
                #expect(log.contains("has 32 labels") && log.contains("has reported 100 metrics"), "\(log)")
            }
        }

        @Test func metricsAreKeptWithTheAttemptAndAsASeries() throws {
            try withHost([
                "tasks/job.yaml": """
                policy: small
                params: {clouds: {type: number, required: true}}
                scripts:
                  - name: work
                    retry: {limit: 1, delay: 10ms}
                    run: |
                      altp metric clouds 99 --unit %
                      altp metric clouds "$PARAM_CLOUDS" --unit %
                      altp metric offset -2.5
                      test $ALTP_ATTEMPT = 2 || exit 75
                  - {name: after, run: 'altp metric clouds 1'}
                """
            ]) { host in
                let first = try host.complete("job", "--param", "clouds=12.5")
                let second = try host.complete("job", "--param", "clouds=40")
                let attempt = try #require(first.scripts?.first?.attempts.last)
                #expect(attempt.number == 2)
                #expect(attempt.metrics.map(\.name) == ["clouds", "offset"])
                #expect(attempt.metrics.map(\.value) == [12.5, -2.5])
                #expect(attempt.metrics.map(\.unit) == ["%", nil])
                #expect((first.history ?? []).contains { $0.text == "work#1 reports clouds 99 %" })
                #expect(try host.altp("processing", "show", "\(first.id)").contains("clouds 12.5 %"))
                let root = "/api/v1/processings/\(first.id)/scripts/work/attempts/2/metrics"
                let own = try WireJSON.decode([MetricView].self, from: try get(host, root))
                #expect(own == attempt.metrics)
                // Newest first, in pages of two.
                var values: [Double] = []
                var cursor = ""
                repeat {
                    let page = try WireJSON.decode(
                        PageView<MetricPointView>.self,
                        from: try get(host, "/api/v1/tasks/job/metrics?name=clouds&script=work&limit=2\(cursor)"))
                    values += page.items.map(\.value)
                    #expect(page.items.allSatisfy { $0.script == "work" && $0.unit == "%" })
                    cursor = page.next.map { "&cursor=\($0)" } ?? ""
                } while !cursor.isEmpty
                #expect(values == [40, 40, 12.5, 12.5])
                let since = try #require(second.createdAt as Timestamp?)
                let recent = try WireJSON.decode(
                    PageView<MetricPointView>.self, from: try get(host, "/api/v1/tasks/job/metrics?since=\(since)"))
                #expect(Set(recent.items.map(\.processing)) == [second.id])
                #expect(Set(recent.items.map(\.name)) == ["clouds", "offset"])
                #expect(try UnixRequest.send(host.socket, "GET", "/api/v1/tasks/none/metrics").status == 404)
            }
        }

        private func get(_ host: Host, _ target: String) throws -> [UInt8] {
            let answer = try UnixRequest.send(host.socket, "GET", target)
            guard answer.status == 200 else { throw TestFailure("GET \(target): \(answer.head) \(answer.body)") }
            return Array(answer.body.utf8)
        }
    }
}
