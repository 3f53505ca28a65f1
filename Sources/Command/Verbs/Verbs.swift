/// Every verb of this module. Those that need the sandbox engine are the executable's own.
package enum Verbs {
    package static var all: [VerbNode] {
        [
            VerbNode(Serve.self, section: .host)
        ]
    }
}
