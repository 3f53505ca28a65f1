import API
import Configuration
import Delivery
import Glibc
import Launcher
import Linux
import Sandbox
import Store

/// The daemon could not start: what was tried and what to do.
struct StartError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// What a running daemon is asked to do.
enum DaemonEvent: Sendable {
    case reload
    case stop(stopScripts: Bool)
}

/// Puts the Launcher, its store, its sandboxes and its API together, and steers them by signals until the stop.
struct Daemon {
    var arguments: Arguments
    /// What signals and the API ask for; `source` is its other end.
    var events: AsyncStream<DaemonEvent>
    var source: AsyncStream<DaemonEvent>.Continuation

    func run() async throws {
        LauncherLog.begin(format: arguments.logFormat, journal: JournalSocket.ofStandardError())
        let folder = try HostFolder.load(arguments.config)
        LauncherLog.take(folder.host.log)
        // The folder stays as it was read: a reload compares it with what the files then say.
        let run = arguments.run ?? folder.host.run
        let group = Self.group("altp")
        // What a second Launcher would share comes first: where there is one already, nothing else is touched.
        let state = try StateFolder(path: arguments.state ?? folder.host.state)
        // Connections wait in the socket's queue until the Launcher knows its running Scripts again.
        let socket = try ListeningSocket(run: run, group: group)
        let listeners = try RemoteListeners(folder.host.api)
        let engine = try SandboxEngine(settings: try settings(folder, state))
        let launcher = try Launcher(
            folder: folder, state: state, store: try Store(path: state.database), engine: engine,
            socketDirectory: "\(run)/api")

        let uids = folder.host.uids
        let gate = try await Gatekeeper(
            api: folder.host.api, listeners: listeners, store: launcher.store,
            log: { LauncherLog.write(.warning, $0) })
        let service = APIService(
            launcher: launcher, configuration: folder.path, state: state.path, group: group,
            isSandboxUID: { uids.block(of: $0) != nil }, stop: { [source] in source.yield(.stop(stopScripts: $0)) },
            gate: gate, log: { LauncherLog.write(.warning, $0) })

        try await launcher.start()
        service.courier.wake()
        let server = try HTTPServer(
            socket: socket, limits: HTTPLimits(folder.host.api.limits),
            share: {
                guard case .local(let credentials) = $0 else { return nil }
                return uids.block(of: credentials.uid).map(ConnectionShare.sandbox)
            }, log: { LauncherLog.write(.warning, $0) },
            handler: { service.respond(to: $0, over: $1) })
        try listeners.start(
            mayStay: { gate.mayStay($0) }, isWelcome: { gate.isWelcome($0) }, log: { LauncherLog.write(.warning, $0) },
            handler: { service.respond(to: $0, over: $1) })

        let tasks = await launcher.tasks()
        print(
            "altp-launcher ready\(arguments.withoutSandboxes ? ", WITHOUT SANDBOXES (nothing is isolated)" : ""): \(tasks.count) Task\(tasks.count == 1 ? "" : "s") of \(folder.path), socket \(run)/altp.sock"
                + listeners.addresses.map { ", \($0)" }.joined()
        )
        fflush(nil)
        ServiceManager.notify("READY=1\nSTATUS=\(status(tasks.count))")
        await steer(launcher: launcher, service: service, server: server, listeners: listeners)
        engine.shutDown()
    }

    /// Returns when the Launcher and the server have stopped.
    private func steer(
        launcher: Launcher, service: APIService, server: HTTPServer, listeners: RemoteListeners
    ) async {
        var stopping = false
        for await event in events {
            switch event {
            // The Launcher logs what came of it.
            case .reload:
                ServiceManager.notify("RELOADING=1\nMONOTONIC_USEC=\(ServiceManager.monotonicMicroseconds)")
                let report = await service.reload()
                let problems =
                    report.problems.isEmpty ? "" : "; the last reload found \(report.problems.count) problems"
                ServiceManager.notify("READY=1\nSTATUS=\(status(await launcher.tasks().count))\(problems)")
            case .stop where stopping:
                LauncherLog.write(.warning, "stops without waiting; what runs goes on, and the next start takes it up")
                exit(0)
            case .stop(let stopScripts):
                stopping = true
                ServiceManager.notify(
                    "STOPPING=1\nSTATUS=Stopping; running Scripts \(stopScripts ? "are ended" : "go on")")
                LauncherLog.write(
                    .info, stopScripts ? "stopping, and ending the running Scripts" : "stopping; running Scripts go on")
                Task { [source] in
                    // The API answers until the Scripts have ended: they may use it to their last moment.
                    await launcher.stop(stopScripts: stopScripts)
                    await service.courier.stop()
                    async let others: Void = listeners.stop()
                    await server.stop()
                    await others
                    source.finish()
                }
            }
        }
    }

    private func status(_ tasks: Int) -> String {
        "Serving \(tasks) Task\(tasks == 1 ? "" : "s")\(arguments.withoutSandboxes ? " WITHOUT SANDBOXES" : "")"
    }

    /// The other executables are installed beside this one.
    private func settings(_ folder: HostFolder, _ state: StateFolder) throws(StartError) -> SandboxSettings {
        guard let path = realpath("/proc/self/exe", nil) else {
            throw StartError("cannot find this executable: \(SystemError("realpath", "/proc/self/exe"))")
        }
        defer { free(path) }
        let own = String(cString: path)
        let beside = own[...(own.lastIndex(of: "/") ?? own.startIndex)]
        let command = "\(beside)altp"
        var settings = SandboxSettings(
            initExecutable: "\(beside)altp-init", commandExecutable: access(command, X_OK) == 0 ? command : nil,
            cgroupParent: arguments.delegated, cgroup: folder.host.cgroup ?? "altp", rootfs: folder.rootfs,
            images: ImageStore(state: state.path),
            diskTemplates: state.diskTemplates,
            tellLeftover: {
                LauncherLog.write(
                    .warning, "something of an ended sandbox could not be removed", ("error", $0.description))
            })
        settings.rootPlace = state.rootPlace
        settings.isolates = !arguments.withoutSandboxes
        return settings
    }

    /// The number of a group of the host; nil when there is none of that name.
    private static func group(_ name: String) -> UInt32? {
        var group = Glibc.group()
        var result: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 65_536)
        guard getgrnam_r(name, &group, &buffer, buffer.count, &result) == 0, result != nil else { return nil }
        return group.gr_gid
    }
}

extension UIDRange {
    /// The number of the block that a uid lies in; nil when it is no sandbox's.
    fileprivate func block(of uid: UInt32) -> UInt32? {
        guard uid >= first, (uid - first) / Self.blockSize < blocks else { return nil }
        return (uid - first) / Self.blockSize
    }
}
