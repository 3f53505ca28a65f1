import FoundationEssentials
import Glibc
import Testing
import Wire

extension EndToEnd {
    @Suite(.enabled(if: Example.hasRasterio, "the example needs python3-rasterio and python3-numpy"))
    struct LandsatTests {
        private static let retried = "LC81930272024152LGN00"
        private static let corrupt = "LC81940272024175LGN00"

        @Test func theChainDeliversWhatAnIndependentComputationGives() throws {
            let work = try TemporaryFolder()
            defer { work.remove() }
            let scenes = "\(work.path)/scenes"
            let generate = try execute([Example.python, "-B", "\(Example.folder)/provider/generate.py", scenes])
            try #require(generate.status == 0, "\(generate.errors)")
            if let real = Example.realScene {
                try FileManager.default.copyItem(atPath: real, toPath: "\(scenes)/\(FileTree.lastPart(real))")
            }
            let all = try FileManager.default.contentsOfDirectory(atPath: scenes).sorted()
            let products = "\(work.path)/products"
            mkdir(products, 0o755)
            let nobody = try #require(getpwnam("nobody")).pointee.pw_uid
            chown(products, nobody, nobody)
            let example = try Example(
                scenes: scenes, arguments: ["--fail-once", Self.retried, "--corrupt", Self.corrupt])
            defer { example.provider.signal(SIGTERM) }

            try withHost(try Example.files(work: work.path, url: example.url), settings: ["pools: {download: 2}"]) {
                host in
                try host.altp("watch", "--until-idle", "--timeout", "3m", seconds: 200)
                let processings = try host.processings("--task", "landsat-scene")
                #expect(Set(processings.compactMap { $0.params["scene"]?.text }) == Set(all))
                #expect(processings.count == all.count)
                for summary in processings {
                    let processing = try host.processing(summary.id)
                    let scene = try #require(processing.params["scene"]?.text)
                    let load = try #require(processing.scripts?.first).attempts.map(\.outcome)
                    #expect(load == (scene == Self.retried ? ["soft", "success"] : ["success"]), "\(scene)")
                    if scene == Self.corrupt {
                        try Self.failedAtCalibrate(processing, host)
                    } else {
                        #expect(processing.status == "success", "\(processing.reason ?? "")")
                        let verified = try execute(
                            [Example.python, "-B", "\(Example.folder)/verify.py", "\(scenes)/\(scene)", products])
                        #expect(verified.status == 0, "\(scene): \(verified.output)\(verified.errors)")
                    }
                }
                try Self.delivered(all.filter { $0 != Self.corrupt }, in: products, owner: nobody)

                // The same scenes found again are no new Processings.
                #expect(try host.complete("landsat-discover").status == "success")
                #expect(try host.processings("--task", "landsat-scene").count == all.count)
            }
        }

        private static func failedAtCalibrate(_ processing: ProcessingView, _ host: Host) throws {
            #expect(processing.status == "failed")
            #expect(processing.outcome == "hard")
            #expect(processing.script == "calibrate")
            #expect(try host.altp("logs", "\(processing.id)/calibrate").contains("band 4 (red) cannot be read"))
            let preserved = "\(host.state)/processings/\(processing.id)"
            for part in ["calibrate.1", "shared/\(corrupt)_B4.TIF"] {
                #expect(access("\(preserved)/\(part)", F_OK) == 0, "\(part) is not preserved")
            }
        }

        /// Every product of these scenes and nothing else, half a file neither.
        private static func delivered(_ scenes: [String], in folder: String, owner: uid_t) throws {
            let parts = ["_rgb.png", "_rgb.tif", "_red_toa.tif", "_green_toa.tif", "_blue_toa.tif"]
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(Set(names) == Set(scenes.flatMap { scene in parts.map { "\(scene)\($0)" } }))
            for name in names {
                var status = stat()
                #expect(lstat("\(folder)/\(name)", &status) == 0)
                #expect(status.st_uid == owner, "\(name) belongs to \(status.st_uid)")
            }
        }
    }
}
