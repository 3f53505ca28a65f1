import Command
import Glibc

// Verbs that need more than the Launcher's socket register here, beside those of the Command module.
let verbs =
    Verbs.all + [
        VerbNode(Doctor.self, section: .host), VerbNode(Run.self, section: .sandbox),
        VerbNode(
            group: "rootfs", summary: "List, show, build, import and remove root file systems", section: .sandbox,
            [
                VerbNode(RootfsList.self), VerbNode(RootfsShow.self), VerbNode(RootfsBuildVerb.self),
                VerbNode(RootfsImport.self), VerbNode(RootfsRemove.self),
            ]),
        VerbNode(
            group: "policy", summary: "List, show and learn policies", section: .sandbox,
            [VerbNode(PolicyList.self), VerbNode(PolicyShow.self), VerbNode(PolicyLearn.self)]),
    ]
exit(Application(verbs: verbs).run(Array(CommandLine.arguments.dropFirst()), in: .current()))
