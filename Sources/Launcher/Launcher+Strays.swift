import Configuration
import Glibc
import Sandbox
import Store

extension Launcher {
    /// Clears what was removed, and recorded as such, before a power cut brought it back: that a directory is gone, or a
    /// quota, reaches the disk later than the record of it. Beside everything else, and only what has a record.
    func removeStrays() async {
        for name in (try? FileStamp.names(in: "\(state.path)/processings")) ?? [] {
            // A removal may have been under way.
            guard let id = Int64(name.hasSuffix(".removed") ? name.dropLast(8) : name[...]), processings[id] == nil,
                kept[id] == nil,
                let record = try? await store.processing(id), record.status.isFinal, record.uidBlock == nil,
                // Somebody may have had it run again meanwhile.
                processings[id] == nil, kept[id] == nil
            else { continue }
            LauncherLog.write(.info, "directories are removed again", ("processing", name))
            kept[id] = KeptDirectories(
                record: record, removal: .resumed("a power cut had brought them back"))
            do throws(SandboxError) {
                try await removeTree("\(state.path)/processings/\(name)", of: id)
            } catch {
                LauncherLog.write(
                    .error, "directories are left", ("processing", name), ("error", error.description))
            }
            kept[id] = nil
        }
        await engine.releaseUnused(folder.host.uids, except: blocks.firstUIDsHeld, in: state.path)
    }
}
