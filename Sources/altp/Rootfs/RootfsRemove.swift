import Command
import Configuration
import Glibc
import Sandbox

/// `altp rootfs remove`
struct RootfsRemove: Verb {
    static let name = "remove"
    static let summary = "Remove the image of a rootfs; its definition stays"
    static let discussion = """
        An image that a running sandbox uses is not removed. One that a policy of the host folder names is removed only
        with --force: Scripts of that policy then fail until the image is made again.
        """
    static let examples = [Example("altp rootfs remove minimal", "Frees the space that it takes.")]

    @Argument("NAME", help: "The rootfs.") var rootfs: String
    @Flag("force", short: "f", help: "Remove it although a policy names it.") var force: Bool
    var folder = HostImagesOption()
    private var host: HostImages { folder.images }

    func validate() throws(UsageError) {
        if !RootfsName.isValid(rootfs) {
            throw UsageError("‘\(Printable.line(rootfs))’ is no name of a rootfs: \(RootfsName.rule)")
        }
    }

    func run(in context: Context) throws {
        let lenient = try host.load()
        let users = lenient.folder.policies.values.filter { $0.rootfs == rootfs }.map(\.name).sorted()
        guard users.isEmpty || force else {
            throw CommandFailure(
                "\(users.count == 1 ? "the policy" : "the policies") \(users.joined(separator: ", ")) of "
                    + "\(Printable.line(host.path)) name\(users.count == 1 ? "s" : "") \(rootfs). Change that first, or "
                    + "remove it all the same with --force.")
        }
        let store = ImageStore(state: lenient.folder.host.state)
        guard let leftovers = try images({ () throws(SandboxError) in try store.remove(rootfs) }) else {
            throw CommandFailure("there is no image of \(rootfs) in \(Printable.line(store.folder)).")
        }
        for leftover in leftovers {
            try context.errors.print("altp rootfs: caution: \(Printable.line(leftover.description))")
        }
        try context.output.print("removed the image of \(rootfs)")
    }
}
