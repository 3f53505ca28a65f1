import Command
import Glibc

// Verbs that need more than the Launcher's socket register here, beside those of the Command module.
let verbs = Verbs.all + [VerbNode(Doctor.self, section: .host), VerbNode(Run.self, section: .sandbox)]
exit(Application(verbs: verbs).run(Array(CommandLine.arguments.dropFirst()), in: .current()))
