import Configuration
package import Delivery
package import Launcher
import Store
import Wire

/// Answers the API's requests: finds out who asks, finds the route, checks that the one may use the other, and runs it.
package struct APIService: Sendable {
    package var launcher: Launcher
    /// The configuration folder and the state folder, for people to see.
    package var configuration: String
    package var state: String
    /// The group whose members are admins; nil when the host has none of that name.
    package var group: UInt32?
    /// A sandbox's uid is no user of the host, whatever groups it may have.
    package var isSandboxUID: @Sendable (UInt32) -> Bool
    /// Begins the Launcher's orderly stop; `true` ends the running Scripts too.
    package var stop: @Sendable (Bool) -> Void
    package var gate: Gatekeeper
    package var log: @Sendable (String) -> Void

    let router = Router(routes: RouteTable.routes)
    let desk = SessionDesk()
    let meters = RequestMeters()
    let pages = PageCache()
    let feed: Feed
    let logs: LogHub
    /// Tells those who want to know of ended Processings.
    package let courier: Courier
    let underWay = RequestsUnderWay()

    package init(
        launcher: Launcher, configuration: String, state: String, group: UInt32?,
        isSandboxUID: @escaping @Sendable (UInt32) -> Bool, stop: @escaping @Sendable (Bool) -> Void,
        gate: Gatekeeper, log: @escaping @Sendable (String) -> Void
    ) {
        self.launcher = launcher
        self.configuration = configuration
        self.state = state
        self.group = group
        self.isSandboxUID = isSandboxUID
        self.stop = stop
        self.gate = gate
        self.log = log
        let logs = LogHub(log: log)
        self.logs = logs
        courier = Courier(
            store: launcher.store, targets: { await launcher.notificationTargets() }, contents: .ofThisHost(),
            now: Launcher.systemTime, log: log)
        launcher.signals.onEnd { [courier] in courier.wake() }
        feed = Feed(launcher: launcher, log: log) { logs.attemptEnded($0) }
    }

    // What several handlers need

    func processing(_ text: String?) async throws(Problem) -> ProcessingRecord {
        let id = try Self.identifier(text, of: "Processing")
        let record = try await stored { () async throws(StoreError) in try await launcher.store.processing(id) }
        guard let record else { throw Problems.notFound("There is no Processing \(id).") }
        return record
    }

    static func identifier(_ text: String?, of what: String) throws(Problem) -> Int64 {
        guard let text, let id = Int64(text), id > 0, String(id) == text else {
            throw Problems.notFound("There is no \(what) \((text ?? "").prefix(40)); they have numbers.")
        }
        return id
    }

    /// Runs a read of the store. What fails is for the log; the client learns that it is not its fault.
    func stored<Value>(
        _ read: @Sendable () async throws(StoreError) -> Value
    ) async throws(Problem) -> Value {
        do {
            return try await read()
        } catch {
            log("api: \(error)")
            throw Problems.failed("The Launcher's store could not be read; its log says why.")
        }
    }

    /// Makes a wire value of a stored one. What fails is a row that no version of the Launcher should have written.
    func mapped<Value>(_ map: () throws -> Value) throws(Problem) -> Value {
        do {
            return try map()
        } catch {
            log("api: a stored value cannot be read: \(error)")
            throw Problems.failed("The Launcher's store holds a value that cannot be read; its log says which.")
        }
    }

    /// Runs an action of the Launcher.
    func launched<Value>(
        _ action: @Sendable () async throws(LauncherError) -> Value
    ) async throws(Problem) -> Value {
        do {
            return try await action()
        } catch {
            throw Problems.problem(for: error)
        }
    }
}
