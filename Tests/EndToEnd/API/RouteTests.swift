import Glibc
import Testing
import Wire

extension EndToEnd {
    /// What can be seen of the host and of attempts.
    @Suite struct RouteTests {
        private static let files = [
            "policies/own.yaml": """
            description: Ours
            limits: {cpu: 0.25, memory: 64M, wall_time: 1m}
            network: {allow: ["192.0.2.1:9"]}
            """,
            "rootfs/tree.yaml": "directory: /srv\n",
            "tasks/chain.yaml": """
            policy: small
            scripts:
              - {name: load, run: 'exit 0'}
              - {name: save, run: 'exit 3', retry: {limit: 1, delay: 0s, on: [hard]}}
              - {name: send, run: 'exit 0'}
            """,
            "tasks/hold.yaml": """
            policy: own
            scripts:
              - {name: work, run: 'sleep 60', pools: {licence: 2}, policy: small}
            """,
        ]

        @Test func scriptsAndAttempts() throws {
            try withHost(Self.files, settings: ["pools: {licence: 3, idle: 1}"]) { host in
                let id = try host.complete("chain").id
                let scripts = try host.ask("GET", "/processings/\(id)/scripts").json(PageView<ScriptView>.self).items
                #expect(scripts.map(\.name) == ["load", "save", "send"])
                #expect(scripts.map(\.state) == ["ended", "ended", "pending"])
                let save = try host.ask("GET", "/processings/\(id)/scripts/save").json(ScriptView.self)
                #expect(save == scripts[1] && save.attempts.count == 2)
                let attempts = try host.ask("GET", "/processings/\(id)/scripts/save/attempts")
                    .json(PageView<AttemptView>.self).items
                #expect(attempts == save.attempts)
                let last = try host.ask("GET", "/processings/\(id)/scripts/save/attempts/2").json(AttemptView.self)
                #expect(last.evidence?.exitStatus == 3 && last.outcome == "hard")
                for (path, names) in [
                    ("scripts/sav", "it has load, save, send"), ("scripts/save/attempts/3", "save has had 2"),
                    ("scripts/send/attempts/1", "send has had 0"), ("scripts/save/attempts/0", "they have numbers"),
                ] {
                    let missing = try host.ask("GET", "/processings/\(id)/\(path)")
                    #expect(missing.status == 404 && missing.text.contains(names), "\(missing.text)")
                }
            }
        }

        @Test func policiesAndRootfs() throws {
            try withHost(Self.files, settings: ["pools: {licence: 3, idle: 1}"]) { host in
                let policies = try host.ask("GET", "/policies").json(PageView<PolicyView>.self).items
                let own = try #require(policies.first { $0.name == "own" })
                #expect(own.description == "Ours" && own.limits["memory"] == "64M" && own.limits["cpu"] == "0.25")
                #expect(own.network == "allow" && own.endpoints == ["192.0.2.1:9"])
                #expect(own.usedBy == [] && own.control == "self" && own.rootfs == "host")
                #expect(
                    policies.first { $0.name == "small" }?.usedBy
                        == ["chain/load", "chain/save", "chain/send", "hold/work"])
                #expect(try host.ask("GET", "/policies/own").json(PolicyView.self) == own)
                let unknown = try host.ask("GET", "/policies/smal")
                #expect(unknown.status == 404 && unknown.text.contains("did you mean small?"))
                let rootfs = try host.ask("GET", "/rootfs").json(PageView<RootfsView>.self).items
                #expect(rootfs.map(\.name) == ["host", "tree"])
                #expect(rootfs.map(\.kind) == ["host", "directory"] && rootfs.allSatisfy { $0.state == "ready" })
                #expect(rootfs[0].usedBy.count == 4 && rootfs[1].source == "/srv")
                #expect(try host.ask("GET", "/rootfs/tree").json(RootfsView.self) == rootfs[1])
                #expect(try host.ask("GET", "/rootfs/none").status == 404)
            }
        }

        @Test func poolsAndResources() throws {
            try withHost(Self.files, settings: ["pools: {licence: 3, idle: 1}"]) { host in
                let idle = try host.ask("GET", "/host").json(HostView.self)
                #expect(idle.attempts.running == 0)
                let first = try host.trigger("hold")
                let second = try host.trigger("hold")
                try host.running(first, "work")
                let pools = try host.ask("GET", "/pools").json(PageView<PoolView>.self).items
                #expect(
                    pools == [
                        PoolView(name: "idle", size: 1, inUse: 0, free: 1, holders: [], waiting: 0),
                        PoolView(
                            name: "licence", size: 3, inUse: 2, free: 1,
                            holders: [.init(processing: first, task: "hold", script: "work", amount: 2)], waiting: 1),
                    ])
                #expect(try host.ask("GET", "/pools/licence").json(PoolView.self) == pools[1])
                let view = try host.ask("GET", "/host").json(HostView.self)
                #expect(view.attempts == .init(waiting: 1, running: 1))
                let cpu = try #require(view.resources.first { $0.name == "cpu" })
                #expect(cpu == ResourceView(name: "cpu", unit: "millicores", total: 64_000, inUse: 500, free: 63_500))
                let memory = try #require(view.resources.first { $0.name == "memory" })
                #expect(memory.unit == "bytes" && memory.inUse == 128 << 20)
                #expect(view.resources.first { $0.name == "uid_blocks" }?.inUse == 1)
                for id in [first, second] { try host.altp("cancel", "\(id)") }
                try host.ended(first)
            }
        }

        @Test func retention() throws {
            try withHost(Self.files, settings: ["pools: {licence: 3, idle: 1}"]) { host in
                let id = try host.complete("chain").id
                try host.altp("pin", "\(id)", "--reason", "mine")
                let view = try eventually("its size is known") {
                    let view = try host.ask("GET", "/retention").json(RetentionView.self)
                    return view.kept.first?.bytes == nil ? nil : view
                }
                let item = try #require(view.kept.first)
                #expect(item.processing == id && item.status == "failed" && item.cause == nil)
                #expect(item.holders == ["pinned by cli:root: mine"])
                #expect(view.bytes == item.bytes && view.total >= view.free && view.missing == 0)
                // It only tells.
                #expect(try host.ask("GET", "/retention").json(RetentionView.self).kept.count == 1)
            }
        }
    }
}
