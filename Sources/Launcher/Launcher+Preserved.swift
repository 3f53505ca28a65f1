package import Sandbox
package import Store
import Synchronization

extension Launcher {
    /// An attempt, with what can be read of it.
    package struct ReadAttempt: Sendable {
        package var record: AttemptRecord
        package var directory: AttemptDirectory
        /// What came next in its Processing.
        package var successor: AttemptChanges.Successor?
        /// Its disk is in images, which no sandbox can have meanwhile.
        var usesImages: Bool

        package var reference: String { record.reference }
    }

    /// What an attempt changed on the disk.
    ///
    /// - Parameters:
    ///   - script: nil for the one that was last at work.
    ///   - number: nil for its last attempt.
    package func changes(
        processing id: Int64, script: String?, number: Int?
    ) async throws(LauncherError) -> (attempt: ReadAttempt, changes: AttemptChanges) {
        let attempt = try await beginReading(processing: id, script: script, number: number)
        defer { endReading(attempt) }
        do throws(SandboxError) {
            let endedAt = attempt.record.state == .ended ? attempt.record.endedAt : nil
            return (
                attempt,
                try await engine.changes(of: attempt.directory, endedAt: endedAt, successor: attempt.successor)
            )
        } catch {
            throw LauncherError(.conflict, error.description)
        }
    }

    /// An attempt's archive, about to be written.
    package final class Export: Sendable {
        package let attempt: ReadAttempt
        private let archive: Mutex<Archive?>
        private let launcher: Launcher

        init(_ archive: Archive, of attempt: ReadAttempt, launcher: Launcher) {
            self.archive = Mutex(archive)
            self.attempt = attempt
            self.launcher = launcher
        }

        /// Writes it, once. Blocks its thread.
        package func write(to output: Int32) throws(SandboxError) { try take()?.write(to: output) }

        /// Its directories are free again.
        package func end() async {
            _ = take()
            await launcher.endReading(attempt)
        }

        /// It holds images for as long as it is there.
        private func take() -> Archive? {
            archive.withLock { archive in
                defer { archive = nil }
                return archive
            }
        }
    }

    /// Makes ready an archive of an attempt that has ended. Whoever gets it calls `end()` when it is written.
    ///
    /// - Parameter program: which altp this is.
    package func export(
        processing id: Int64, script: String?, number: Int?, as form: ExportForm, by program: String
    ) async throws(LauncherError) -> Export {
        let attempt = try await beginReading(processing: id, script: script, number: number)
        do throws(SandboxError) {
            guard attempt.record.state == .ended else {
                throw SandboxError("\(attempt.reference) has not ended, and what it writes would not fit together")
            }
            let archive = try await engine.export(of: attempt.directory, as: form, by: program)
            return Export(archive, of: attempt, launcher: self)
        } catch {
            endReading(attempt)
            throw LauncherError(.conflict, error.description)
        }
    }

    /// Keeps an attempt's directories from being removed, and its images from being mounted, until `endReading`.
    package func beginReading(
        processing id: Int64, script: String?, number: Int?
    ) async throws(LauncherError) -> ReadAttempt {
        let record = try await entered(id, script, number)
        let all = try await fromStore { () async throws(StoreError) in try await self.store.attempts(of: id) }
        let directory = state.attempt(id, Chain.Attempt(script: record.script, number: record.number))
        let usesImages = try Self.specification(directory).storage == .images
        guard kept[id]?.isBeingRemoved != true else {
            throw LauncherError(.conflict, "the directories of Processing \(id) are being removed")
        }
        if usesImages, let live = processings[id] {
            if let running = live.attempt {
                throw LauncherError(
                    .conflict,
                    "\(running.reference) runs, and has the disk of \(record.reference) for itself: wait for its end, or "
                        + "cancel it with altp cancel \(id)")
            }
            guard !admission.isHolding(id) else {
                throw LauncherError(
                    .conflict, "an attempt of Processing \(id) is about to start; try again in a moment")
            }
            reading[id, default: 0] += 1
            readingImages[id, default: 0] += 1
            holdBack(id)
        } else {
            reading[id, default: 0] += 1
            if usesImages { readingImages[id, default: 0] += 1 }
        }
        // As they started, one after the other.
        let order = all.sorted { ($0.run, $0.startedAt) < ($1.run, $1.startedAt) }
        let index = order.firstIndex { $0.script == record.script && $0.number == record.number }
        let next = index.flatMap { order.indices.contains($0 + 1) ? order[$0 + 1] : nil }
        return ReadAttempt(
            record: record, directory: directory,
            successor: next.map { next in
                AttemptChanges.Successor(
                    directory: state.attempt(id, Chain.Attempt(script: next.script, number: next.number)),
                    reference: next.reference, isOfLaterRun: next.run > record.run)
            }, usesImages: usesImages)
    }

    package func endReading(_ attempt: ReadAttempt) {
        let id = attempt.record.processing
        Self.countDown(&reading, id)
        if attempt.usesImages { Self.countDown(&readingImages, id) }
        letGoOn(id)
    }

    private static func countDown(_ counts: inout [Int64: Int], _ id: Int64) {
        let rest = counts[id, default: 1] - 1
        counts[id] = rest > 0 ? rest : nil
    }
}

extension AttemptRecord {
    package var reference: String { "\(processing)/\(script)#\(number)" }
}
