import Configuration

extension Outcome {
    /// As `JSONEncoder` with `.sortedKeys` and `.withoutEscapingSlashes` would write it: the store takes it at every end.
    package var json: String {
        var object = JSONObjectText()
        object.put("deniedCalls", "[\(deniedCalls.map(\.json).joined(separator: ","))]")
        object.put("endedAt", endedAt)
        object.put("exitStatus", exitStatus)
        object.put("kind", string: kind.rawValue)
        if let limit { object.put("limit", limit.json) }
        object.put("log", "{\"bytes\":\(log.bytes),\"dropped\":\(log.dropped)}")
        object.put("reason", string: reason)
        if let refusedConnections {
            object.put("refusedConnections", "[\(refusedConnections.map(\.json).joined(separator: ","))]")
        }
        object.put("signal", signal)
        object.put("startedAt", startedAt)
        object.put("usage", usage.json)
        return object.finished
    }
}

extension LimitEvidence {
    fileprivate var json: String {
        var object = JSONObjectText()
        object.put("limit", limit)
        object.put("name", string: name)
        object.put("peak", peak)
        return object.finished
    }
}

extension Usage {
    fileprivate var json: String {
        var object = JSONObjectText()
        object.put("cpuMilliseconds", cpuMilliseconds)
        object.put("diskPeak", diskPeak)
        object.put("inodesPeak", inodesPeak)
        object.put("memoryPeak", memoryPeak)
        object.put("networkSockets", networkSockets)
        object.put("pidsPeak", pidsPeak)
        object.put("wallMilliseconds", wallMilliseconds)
        return object.finished
    }
}

extension DeniedCall {
    fileprivate var json: String {
        "{\"count\":\(count),\"killed\":\(killed),\"name\":\(JSONText.string(name))}"
    }
}

extension RefusedConnection {
    fileprivate var json: String {
        "{\"count\":\(count),\"destination\":\(JSONText.string(destination)),\"transport\":\(JSONText.string(transport))}"
    }
}
