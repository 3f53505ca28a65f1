import Glibc
import Testing
import Wire

extension EndToEnd {
    @Suite struct ReloadTests {
        private static func task(_ word: String) -> String {
            "policy: small\nscripts: [{name: work, run: echo \(word)}]\n"
        }

        @Test func aBrokenFileKeepsTheOldDefinitionAndSaysSo() throws {
            try withHost(["tasks/job.yaml": Self.task("one")]) { host in
                try host.write("tasks/job.yaml", "policy: small\nscrpts: []\n")
                try host.write("tasks/other.yaml", Self.task("other"))
                let reload = try host.run("task", "reload")
                #expect(reload.status == 1)
                #expect(reload.errors.contains("tasks/job.yaml:2:1"))
                #expect(reload.errors.contains("scripts"))
                // What is not broken is taken all the same.
                #expect(reload.output == "added other\n")
                let view = try host.json(TaskView.self, "task", "show", "job")
                #expect(view.problem?.contains("scrpts") == true)
                let done = try host.complete("job")
                #expect(try host.altp("logs", "\(done.id)") == "one\n")

                try host.write("tasks/job.yaml", Self.task("two"))
                #expect(try host.altp("task", "reload") == "changed job\n")
                #expect(try host.json(TaskView.self, "task", "show", "job").problem == nil)
                #expect(try host.altp("logs", "\(host.complete("job").id)") == "two\n")
            }
        }

        @Test func aHangupReadsTheFilesAgain() throws {
            try withHost(["tasks/job.yaml": Self.task("one")]) { host in
                try host.write("tasks/new.yaml", Self.task("new"))
                host.signal(SIGHUP)
                _ = try eventually("the new Task is known") {
                    try host.json(PageView<TaskView>.self, "task", "list").items.contains { $0.name == "new" }
                        ? true : nil
                }
                #expect(try host.complete("new").status == "success")
            }
        }

        @Test func theLauncherRefusesToStartOnABrokenFolder() throws {
            let host = try Host([
                "tasks/job.yaml": "policy: nowhere\nscripts: [{name: work, run: 'true', tiemout: 3}]\n"
            ])
            defer { host.close() }
            let result = try host.run("serve", "--config", host.configuration)
            #expect(result.status == 1)
            #expect(result.errors.contains("tasks/job.yaml:1:9"))
            #expect(result.errors.contains("tiemout"))
            let check = try host.run("check", host.configuration)
            #expect(check.status == 1)
            #expect(check.output.contains("tasks/job.yaml:1:9"))
        }

        @Test func whatInitWritesRuns() throws {
            try withHost([:]) { host in
                let folder = "\(host.root.path)/mine"
                try host.altp("init", folder)
                try host.altp("check", folder)
                let again = try host.run("init", folder)
                #expect(again.status == 1)
                #expect(again.errors.contains("nothing is overwritten"))
            }
        }
    }
}
