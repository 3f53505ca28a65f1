import Configuration
import Glibc

/// Times and lengths of time as tables and messages show them. All take milliseconds, times since the epoch.
package enum TimeText {
    /// `12:30:01`, in the host's time zone.
    static func clock(_ time: Int64) -> String {
        let parts = local(time)
        return "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
    }

    /// `2026-11-24 12:30:01`, in the host's time zone.
    package static func full(_ time: Int64) -> String {
        let parts = local(time)
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) \(clock(time))"
    }

    /// `230ms`, `4.2s`, `42s`, `3m12s`, `2h05m`, `3d04h`
    static func duration(_ milliseconds: Int64) -> String {
        let value = max(0, milliseconds)
        let seconds = value / 1000
        switch value {
        case ..<1000: return "\(value)ms"
        case ..<10_000: return "\(seconds).\(value % 1000 / 100)s"
        case ..<60_000: return "\(seconds)s"
        case ..<3_600_000: return "\(seconds / 60)m\(two(Int32(seconds % 60)))s"
        case ..<86_400_000: return "\(seconds / 3600)h\(two(Int32(seconds % 3600 / 60)))m"
        default: return "\(seconds / 86_400)d\(two(Int32(seconds % 86_400 / 3600)))h"
        }
    }

    /// `2s`, `1m30s`: how long until, in whole seconds.
    static func countdown(_ milliseconds: Int64) -> String {
        Timespan(seconds: max(0, milliseconds + 999) / 1000).description
    }

    /// `4s`, `3m`, `2h`, `9d`: how long ago.
    package static func age(of time: Int64, at now: Int64) -> String {
        let seconds = max(0, now - time) / 1000
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    private static func local(_ time: Int64) -> tm {
        var seconds = time_t(time / 1000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
