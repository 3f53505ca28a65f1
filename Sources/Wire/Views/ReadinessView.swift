/// `GET /readyz`, when the Launcher is ready; else a problem names what is not, a field for each.
package struct ReadinessView: Sendable, Hashable, Codable {
    package var ready = true

    package init() {}
}
