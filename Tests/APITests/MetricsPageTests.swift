import Store
import Testing

@testable import API

@Suite struct MetricsPageTests {
    @Test func writesTheTextFormat() {
        var page = MetricsPage()
        page.gauge("altp_a", "What it\nis: a \\ and \"quotes\".", 1.5)
        page.counter("altp_b_total", "B.", [([("task", "a\"b\\c\nd"), ("outcome", "hard")], 12), ([], 0)])
        page.gauge("altp_none", "Left out.", [])
        #expect(
            page.text == #"""
                # HELP altp_a What it\nis: a \\ and "quotes".
                # TYPE altp_a gauge
                altp_a 1.5
                # HELP altp_b_total B.
                # TYPE altp_b_total counter
                altp_b_total{task="a\"b\\c\nd",outcome="hard"} 12
                altp_b_total 0

                """#)
    }

    @Test func aHistogramsBoundsAreExactAndInItsUnit() {
        var page = MetricsPage()
        let scale = MetricsPage.Scale(bounds: [16, 1024, 2048], perUnit: 1000)
        page.histogram("altp_t_seconds", "T.", scale, [([("task", "x")], Histogram([1, 16, 17, 1024, 1025, 9000]))])
        #expect(
            page.text == """
                # HELP altp_t_seconds T.
                # TYPE altp_t_seconds histogram
                altp_t_seconds_bucket{task="x",le="0.016"} 2
                altp_t_seconds_bucket{task="x",le="1.024"} 4
                altp_t_seconds_bucket{task="x",le="2.048"} 5
                altp_t_seconds_bucket{task="x",le="+Inf"} 6
                altp_t_seconds_sum{task="x"} 11.083
                altp_t_seconds_count{task="x"} 6

                """)
    }

    @Test func everyBoundIsOneThatHistogramsKnow() {
        for scale in [MetricsPage.Scale.milliseconds, .microseconds, .bytes] {
            #expect(scale.bounds == scale.bounds.sorted())
            for bound in scale.bounds {
                #expect(bound.nonzeroBitCount == 1)
                #expect(Histogram([bound]).count(upTo: bound) == 1)
                #expect(Histogram([bound + 1]).count(upTo: bound) == 0)
            }
        }
    }

    @Test func numbersAreShort() {
        let cases: [(Double, String)] = [
            (0, "0"), (-3, "-3"), (1e14, "100000000000000"), (0.25, "0.25"), (.nan, "NaN"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (1e18, "1e+18"),
        ]
        for (number, text) in cases { #expect(MetricsPage.number(number) == text) }
    }

    @Test func requestsAreCountedByRoute() {
        let meters = RequestMeters()
        let router = Router(routes: RouteTable.routes)
        let requests: [(String, [String], Int)] = [
            ("GET", ["api", "v1", "processings", "42"], 200), ("GET", ["api", "v1", "processings", "43"], 404),
            ("HEAD", ["api", "v1", "processings", "44"], 200), ("GET", ["nothing"], 404), ("BREW", ["nothing"], 404),
        ]
        for (method, path, status) in requests {
            meters.record(
                router.match(method: method, path: path), method: method, status: status, .microseconds(300))
        }
        let route = RequestMeters.Route(template: "/api/v1/processings/{id}", method: "GET")
        let figures = meters.figures
        #expect(figures.answers[.init(route: route, status: 200)] == 1)
        #expect(figures.answers[.init(route: route, status: 404)] == 1)
        #expect(figures.answers.count == 5)
        #expect(figures.durations[route] == Histogram([300, 300]))
        #expect(Set(figures.durations.keys.map(\.method)) == ["GET", "HEAD", "other"])
    }

    @Test func readsWhatTheKernelSays() {
        var figures = ProcessFigures()
        figures.read(
            stat: "12 (a) b (c)) S 1 12 12 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 1000 8192 3 18446744073709551615",
            boot: 500)
        #expect(figures.cpuSeconds == 3)
        #expect(figures.virtualBytes == 8192)
        #expect(figures.residentBytes == 12_288 as Int64)
        #expect(figures.startSeconds == 510)
        let own = ProcessFigures.current()
        #expect((own.cpuSeconds ?? -1) > 0)
        #expect((own.openDescriptors ?? 0) >= 3)
        figures = ProcessFigures()
        figures.read(stat: "12 (a", boot: nil)
        figures.read(stat: "12 (a) S 1", boot: nil)
        #expect(figures.cpuSeconds == nil)
    }
}
