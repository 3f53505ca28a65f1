/// Bytes as people read them, rounded down.
package enum SizeText {
    /// `512`, `1.5K`, `230M`, `4.0G`
    package static func short(_ bytes: Int64) -> String {
        var value = Double(max(0, bytes))
        guard value >= 1024 else { return "\(Int(value))" }
        var unit = 0
        let units = ["K", "M", "G", "T", "P"]
        value /= 1024
        while value >= 1024, unit < units.count - 1 {
            value /= 1024
            unit += 1
        }
        let tenths = Int(value * 10)
        return value < 10 ? "\(tenths / 10).\(tenths % 10)\(units[unit])" : "\(Int(value))\(units[unit])"
    }
}
