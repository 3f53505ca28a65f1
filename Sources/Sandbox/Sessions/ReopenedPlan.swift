import SandboxPlan

/// The plan of an ended attempt, made into that of a sandbox which is held for sessions: the same mounts, network and
/// identity, in another group and at another place, and no command.
struct ReopenedPlan {
    var original: Plan
    /// Where the new root is mounted.
    var root: String
    var groupSteps: [PlanStep]
    /// The layers of a snapshot; nil when the attempt's own directories are used.
    var snapshot: SnapshotLayers?

    func plan() -> Plan {
        var plan = original
        plan.isHeld = true
        plan.standardStreams = .inherited
        plan.endsWithStarter = false
        plan.wallMilliseconds = 0
        plan.cpuMilliseconds = 0
        plan.filter = FilterPlan()
        plan.steps = groupSteps.filter(Self.isNeeded) + (snapshot?.steps ?? []) + original.steps.compactMap(changed)
        return plan
    }

    /// By these sessions join, and learn what ended them.
    private static func isNeeded(_ step: PlanStep) -> Bool {
        switch step {
        case .join, .watch(.memoryOOMControl, _), .watch(.memoryEvents, _): true
        default: false
        }
    }

    private func changed(_ step: PlanStep) -> PlanStep? {
        switch step {
        // Nothing is judged by these here: the limits themselves hold.
        case .watch, .join, .watchOutOfMemory, .watchDisk, .watchQuota: nil
        case .makeRoot: .makeRoot(directory: root)
        case .makeOverlayRoot(_, let layers, let map):
            .makeOverlayRoot(directory: root, layers: snapshot?.over(layers) ?? layers, map: map)
        case .bind(let source, let target, _, _) where SnapshotLayers.covered.contains(target):
            if let snapshot { .overlay(path: target, layers: snapshot.over(source, at: target)) } else { step }
        // What the policy hands in of the host's is no layer: a snapshot only looks at it.
        case .bind(let source, let target, let flags, let map) where snapshot != nil:
            .bind(source: source, target: target, flags: flags.union(.readOnly), map: map)
        case .mountImage(let image, let directory) where snapshot != nil:
            .mountImageReadOnly(image: image, directory: directory)
        case .ownedDirectory where snapshot != nil: nil
        default: step
        }
    }
}

/// Fresh directories that take what is written in a snapshot, in place of the attempt's own.
struct SnapshotLayers {
    /// Where the attempt's Script, and what its Processing shares, could be written to.
    static let covered = ["/scratch", "/processing"]
    /// Below which they lie.
    var directory: String
    /// What makes them, where they are not made yet.
    var steps: [PlanStep]

    /// Two for each mount: the layer, and the overlay's own beside it.
    static let names = ["scratch", "scratch-work", "processing", "processing-work", "upper", "work"]

    func over(_ lower: String, at target: String) -> OverlayLayers {
        let name = "\(directory)\(target)"
        return OverlayLayers(lower: lower, upper: name, work: "\(name)-work")
    }

    func over(_ layers: OverlayLayers) -> OverlayLayers {
        OverlayLayers(
            lower: layers.lower, upper: "\(directory)/upper", work: "\(directory)/work", middle: layers.upper)
    }
}
