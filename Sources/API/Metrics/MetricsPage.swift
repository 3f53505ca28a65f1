package import Store

/// A page of metrics in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/). Pure: families go in, text comes out.
package struct MetricsPage: Sendable {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What numbers of a histogram mean: the bounds it is shown with, and how many of its numbers are one of the unit.
    package struct Scale: Sendable {
        /// Powers of two, of which a histogram knows exact counts.
        package var bounds: [Int64]
        package var perUnit: Double

        /// Of milliseconds, from a hundredth of a second to most of a day.
        package static let milliseconds = Scale(
            bounds: [4, 6].map { 1 << $0 } + (8...22).map { 1 << $0 } + [24, 26].map { 1 << $0 }, perUnit: 1000)
        /// Of microseconds, from a tenth of a millisecond to some seconds.
        package static let microseconds = Scale(
            bounds: stride(from: 7, through: 23, by: 1).map { 1 << $0 }, perUnit: 1_000_000)
        /// From 4 MiB to a quarter of a TiB.
        package static let bytes = Scale(bounds: (22...38).map { 1 << $0 }, perUnit: 1)
    }

    package private(set) var text = ""

    package init() {}

    package mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        head(name, "gauge", help)
        line(name, [], value)
    }

    package mutating func gauge(_ name: String, _ help: String, _ values: [([(String, String)], Double)]) {
        family(name, "gauge", help, values)
    }

    package mutating func counter(_ name: String, _ help: String, _ value: Double) {
        head(name, "counter", help)
        line(name, [], value)
    }

    package mutating func counter(_ name: String, _ help: String, _ values: [([(String, String)], Double)]) {
        family(name, "counter", help, values)
    }

    package mutating func histogram(
        _ name: String, _ help: String, _ scale: Scale, _ values: [([(String, String)], Histogram)]
    ) {
        guard !values.isEmpty else { return }
        head(name, "histogram", help)
        for (labels, histogram) in values {
            for bound in scale.bounds {
                line(
                    "\(name)_bucket", labels + [("le", Self.number(Double(bound) / scale.perUnit))],
                    Double(histogram.count(upTo: bound)))
            }
            line("\(name)_bucket", labels + [("le", "+Inf")], Double(histogram.count))
            line("\(name)_sum", labels, Double(histogram.sum) / scale.perUnit)
            line("\(name)_count", labels, Double(histogram.count))
        }
    }

    /// A family without values is left out.
    private mutating func family(
        _ name: String, _ kind: String, _ help: String, _ values: [([(String, String)], Double)]
    ) {
        guard !values.isEmpty else { return }
        head(name, kind, help)
        for (labels, value) in values { line(name, labels, value) }
    }

    private mutating func head(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind)\n"
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let parts = labels.map { "\($0.0)=\"\(Self.escaped($0.1, quotes: true))\"" }
            text += "{\(parts.joined(separator: ","))}"
        }
        text += " \(Self.number(value))\n"
    }

    static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == 0x5C || $0 == 0x0A || $0 == 0x22 }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }
}
