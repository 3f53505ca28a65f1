import Configuration
import Launcher
import Sandbox
import Wire

extension ResourceView {
    init(_ amount: Launcher.HandedOut.Amount) {
        let (name, unit) =
            switch amount.resource {
            case .cpu: ("cpu", "millicores")
            case .memory: ("memory", "bytes")
            case .uidBlocks: ("uid_blocks", "blocks")
            case .disk: ("disk", "bytes")
            }
        self.init(
            name: name, unit: unit, total: amount.total, inUse: max(0, amount.total - amount.free),
            free: max(0, amount.free))
    }
}

extension PoolView {
    init(_ pool: Launcher.PoolState) {
        self.init(
            name: pool.name, size: pool.size, inUse: pool.holders.reduce(0) { $0 + $1.amount }, free: pool.free,
            holders: pool.holders.map {
                Holder(processing: $0.processing, task: $0.task, script: $0.script, amount: $0.amount)
            }, waiting: pool.waiting)
    }
}

extension PolicyView {
    init(_ policy: Policy, users: [String]) {
        var network = "none"
        var endpoints: [String]?
        switch policy.network {
        case .none: break
        case .host: network = "host"
        case .allow(let list): (network, endpoints) = ("allow", list.map(\.description))
        }
        let seccomp =
            switch policy.seccomp {
            case .default: "default"
            case .strict: "strict"
            case .none: "none"
            case .file(let path): path
            }
        self.init(
            name: policy.name, description: policy.description, rootfs: policy.rootfs,
            limits: ScriptDefinitionView.limits(policy.limits), network: network, endpoints: endpoints,
            seccomp: seccomp, capabilities: policy.capabilities.map(\.description), devices: policy.devices ?? [],
            mounts: policy.mounts.map {
                Mount(source: $0.source, target: $0.target, mode: $0.mode.rawValue, owner: $0.owner)
            }, control: policy.control.rawValue, usedBy: users)
    }
}

extension RootfsView {
    /// Reads what is known of its image. Blocks its thread.
    ///
    /// - Parameter definition: nil for an image without one.
    init(_ name: String, _ definition: RootfsDefinition?, in images: ImageStore, users: [String]) {
        var stored: StoredImage?
        var obstacle: String?
        do throws(SandboxError) {
            stored = try images.image(name)
        } catch {
            obstacle = error.description
        }
        let words = (definition?.source ?? stored?.record.source ?? .host).words
        self.init(
            name: name, description: definition?.description, kind: words.kind, source: words.source,
            state: RootfsState(definition, stored).rawValue,
            image: stored.map {
                Image(
                    size: $0.record.size, madeAt: Timestamp(milliseconds: $0.record.madeAt), suite: $0.record.suite,
                    path: $0.root, formerVersions: images.formerVersions(of: name))
            }, obstacle: obstacle, usedBy: users)
    }
}

extension RetentionView {
    /// - Parameter report: of a collection that only says what it would do.
    init(_ report: CollectionReport) {
        let collection = CollectionView(report)
        let kept = (collection.removed + collection.stays).sorted { $0.processing < $1.processing }
        self.init(
            total: collection.total, free: collection.free, keepFree: collection.keepFree,
            reserved: collection.reserved, bytes: kept.reduce(0) { $0 + ($1.bytes ?? 0) }, kept: kept,
            missing: collection.missing)
    }
}
