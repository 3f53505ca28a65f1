import Wire

extension OpenAPIDocument {
    static var info: JSONTree {
        [
            "title": "alt-processing",
            "summary": "Sees and steers the Launcher of one host",
            "version": .string(ProductVersion.current),
            "license": ["name": "Apache License 2.0", "identifier": "Apache-2.0"],
            "description": .string(overview),
        ]
    }

    static var bearer: JSONTree {
        [
            "type": "http", "scheme": "bearer",
            "description": .string(
                """
                Over TCP: a token with a role (viewer, operator or admin; each includes the one before). On a Unix socket \
                there is nothing to send: the kernel says who has connected.
                """),
        ]
    }

    static let tags: [String: String] = [
        "API": "The API itself",
        "Audit": "Who changed what, from where",
        "Causes": "What failures have in common",
        "Events": "Facts that make Event Tasks run",
        "Host": "The Launcher as a whole",
        "Deliveries": "Who is told that a Processing has ended, and how that went",
        "Hooks": "Where partners post what becomes an Event",
        "Monitoring": "For what watches the host",
        "Policies": "Limits and permissions that Tasks and Scripts name",
        "Pools": "Figures of the host's own that Scripts take their share of",
        "Retention": "How long directories are kept, and what holds them",
        "Rootfs": "The file systems that sandboxes see",
        "Stream": "What happens, as it happens",
        "Processings": "Runs of a Task's chain, with their Scripts, attempts, logs and directories",
        "Self": "For a Script, about itself, through /run/altp.sock in its sandbox",
        "Sessions": "Stays in the sandboxes of attempts",
        "Statistics": "Counts since the store was made",
        "Tokens": "What lets in over TCP",
        "Tasks": "Chains of Scripts with a trigger",
    ]

    private static let overview = """
        Everything that the command `altp` and the web page do, they do through this API.

        **Where.** On the Launcher's Unix socket, `/run/altp/altp.sock` unless configured otherwise; for a Script at \
        `/run/altp.sock` in its sandbox; over TCP where the host's configuration says so.

        **Who.** On the Unix socket root and the members of the group `altp` are admins, and a Script is known by the user that \
        it alone runs as. What a Script may do, its policy says: `control: none`, `self`, `task` or `host`, each with what the \
        one before may. Over TCP a token carries a role. `x-access` names both for each operation.

        **Problems.** Every failure is a problem document (RFC 9457, `application/problem+json`). Its `type` is stable; decide \
        by it. Of wrong input, `errors` names the fields.

        **Methods.** HEAD works wherever GET does, and OPTIONS everywhere: it answers with `Allow`. A path's other methods get 405.

        **Lists** that may be long come in pages: `next`, given as `cursor`, asks for the next page, and is absent on the last. \
        A filter that repeats takes any of its values.

        **Fields.** What there is none of is absent, never null. In requests null is the same as absent. New fields may be added \
        to what is sent back; unknown fields of a request are refused.
        """
}
