import Configuration
import Linux
import Sandbox
import Store

extension Launcher {
    /// How often the disk is looked at while Scripts run or wait for it; else it is when something happens.
    static let lookInterval: Int64 = 5000
    /// So many removals under way are no longer left to idle moments.
    private static let mostLeftToIdleness = 256

    /// Looks at what is free, and tells admission.
    func lookAtDisk() {
        do throws(SystemError) {
            let space = try VolumeSpace(of: state.path)
            disk.volume = DiskLedger.Volume(total: space.total, free: space.free)
        } catch {
            LauncherLog.write(.error, "looking at the disk failed", ("error", "\(error)"))
        }
        disk.outstanding = 0
        disk.added = 0
        for (id, wanted) in admission.held(.disk) {
            let added = diskUse[id].map { max(0, $0.last - $0.first) } ?? 0
            disk.added += added
            disk.outstanding += max(0, wanted - added)
        }
        if disk.handedOut != nil { disk.preserved = kept.values.reduce(0) { $0 + ($1.bytes ?? 0) } }
        admission.set(.disk, capacity: disk.capacity, free: disk.available)
    }

    /// Looks at what running Scripts have added, as far as their policies limit it.
    private func lookAtUsage(_ now: Int64) {
        usageLookedAt = now
        let running = admission.held(.disk)
        diskUse = diskUse.filter { running[$0.key] != nil }
        for id in running.keys {
            guard let block = processings[id]?.record.uidBlock,
                let used = SandboxEngine.usage(of: state.processing(id), identity: blocks.identity(block))
            else { continue }
            diskUse[id] = (diskUse[id]?.first ?? used, used)
        }
    }

    /// Removes what may go where the disk is short, for what waits or for `keep_free`.
    func makeRoom() {
        let now = now()
        var wanted = admission.wanted(forLackOf: .disk)
        if wanted != nil, now - usageLookedAt >= 1000 {
            lookAtUsage(now)
            let before = disk.available
            lookAtDisk()
            if disk.available > before {
                admitSoon()
                wanted = admission.wanted(forLackOf: .disk)
            }
        }
        defer { background.setIdle(wanted == nil && blocks.hasFree && removals < Self.mostLeftToIdleness) }
        ballast.take(free: disk.volume.free - disk.guaranteed)
        let shortage = disk.shortage(for: wanted ?? 0)
        guard shortage > 0 else {
            if isShortOfDisk { tellSoon(ChangeRecord(.host, .diskEnough, at: now)) }
            isShortOfDisk = false
            return
        }
        let candidates = candidates()
        var room = Retention.room(for: shortage, candidates)
        // Evidence is not given up for a Script that could not start then either.
        if wanted != nil, room.missing > 0 {
            let missing = room.missing
            room = Retention.room(for: disk.shortage(for: 0), candidates)
            room.missing = missing
        }
        let cause = Retention.Cause.room(free: disk.volume.free, keepFree: disk.guaranteed)
        for id in room.remove { beginRemoval(of: id, cause) }
        if room.missing > 0, !isShortOfDisk {
            LauncherLog.write(
                .warning, "the disk is short, and nothing more may be removed", ("path", state.path),
                ("free", SizeText.short(disk.volume.free)), ("keep_free", SizeText.short(disk.guaranteed)),
                ("missing", SizeText.short(room.missing)))
            tellSoon(
                ChangeRecord(
                    .host, .diskShort, at: now,
                    reason:
                        "\(SizeText.short(disk.volume.free)) are free, \(SizeText.short(room.missing)) are missing, "
                        + "and nothing more may be removed"))
        } else if room.missing <= 0, isShortOfDisk {
            tellSoon(ChangeRecord(.host, .diskEnough, at: now))
        }
        isShortOfDisk = room.missing > 0
        if room.missing > 0, disk.volume.free < Ballast.size / 4 { ballast.giveUp() }
        scheduleTimer()
    }

    /// When the disk or a keep time is to be looked at next.
    func nextKeepingMoment(_ now: Int64) -> Int64 {
        var next = Int64.max
        if admission.runningCount > 0 || isShortOfDisk { next = now + Self.lookInterval }
        for (id, directories) in kept {
            if directories.isBeingRemoved {
                // It failed, and is tried again.
                if let due = directories.notBefore { next = min(next, due) }
            } else if holders(of: id).isEmpty, let due = directories.record.expiresAt {
                next = min(next, max(due, directories.notBefore ?? 0))
            }
        }
        return next
    }

    func lookAtWhatIsKept(_ now: Int64) {
        for (id, directories) in kept {
            guard let due = directories.notBefore, due <= now else { continue }
            kept[id]?.notBefore = nil
            if let cause = directories.removal { carryOutRemoval(of: id, cause) }
        }
        for id in Retention.expired(candidates(), now: now) { beginRemoval(of: id, .keepTime) }
        let before = disk.available
        if admission.runningCount > 0 { lookAtUsage(now) }
        lookAtDisk()
        makeRoom()
        if disk.available > before, admission.waitingCount > 0 { admitSoon() }
    }

    // MARK: Why

    /// What `altp why` says of a Script that waits for the disk.
    func diskFact(wanted: Int64, free: Int64) -> Explanation.Fact {
        let held = kept.values.reduce(0) { $0 + ($1.bytes ?? 0) }
        var text =
            "it needs \(SizeText.short(wanted)) of disk, and \(SizeText.short(max(0, free))) is free beside keep_free "
            + "(\(SizeText.short(disk.guaranteed)))"
        if disk.outstanding > 0 {
            text += " and the \(SizeText.short(disk.outstanding)) that running Scripts may still add"
        }
        if let handedOut = disk.handedOut { text += "; altp.yaml hands out \(SizeText.short(handedOut)) in all" }
        if removals > 0 {
            text += "; room is being made: \(removals) Processing\(removals == 1 ? " is" : "s are") being removed"
        } else {
            let holders = kept.keys.sorted().flatMap { id in self.holders(of: id).map { "\(id) is \($0)" } }
            text += holders.isEmpty ? "; nothing kept could make room" : "; held: \(holders.joined(separator: ", "))"
        }
        return .init(
            kind: "disk", text: text,
            values: [
                "wanted": "\(wanted)", "free": "\(max(0, free))", "keep_free": "\(disk.guaranteed)",
                "reserved": "\(disk.outstanding)", "preserved": "\(held)",
            ])
    }
}
