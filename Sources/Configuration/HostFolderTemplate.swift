/// The host folder that `altp init` writes: small, commented, and accepted by `altp check`.
package enum HostFolderTemplate {
    package struct File: Sendable {
        package var path: String
        package var content: String
        package var isExecutable = false
    }

    package static let files = [
        File(path: "altp.yaml", content: host), File(path: "policies/default.yaml", content: policy),
        File(path: "rootfs/minimal.yaml", content: RootfsTemplate.minimal),
        File(path: "rootfs/python-geo.yaml", content: RootfsTemplate.pythonGeo),
        File(path: "tasks/discover.yaml", content: discover), File(path: "tasks/process.yaml", content: process),
        File(path: "tasks/discover/discover.sh", content: discoverScript, isExecutable: true),
        File(path: "tasks/process/load.sh", content: loadScript, isExecutable: true),
        File(path: "tasks/process/report.sh", content: reportScript, isExecutable: true),
    ]

    private static let host = """
        # The host. Every key may be left out; what is shown commented is the default.

        # state: /var/lib/altp     # Processings, kept scripts, the database
        # run: /run/altp           # the socket that the altp command talks to
        # cpu: 4                   # cores to hand out to Scripts; all that the host has
        # memory: 16G              # memory to hand out; nine tenths of what the host has
        # keep_free: 1G            # of the state folder's file system, or a part such as 10%: see docs/keeping.md
        # disk: 200G               # that running and kept Scripts may hold together; all beside keep_free
        # uids: {first: 1879048192, blocks: 4032}   # host uids that belong to sandboxes alone
        # mount_roots: [/srv, /data]   # where mounts' sources may lie; everywhere but in /proc, /sys, /dev
        # keep_changes: 200000     # what happened, for streams that resume: see docs/live.md
        # cgroup: altp             # the name of the control group that all sandboxes are in

        # The API over TCP, for tokens that altp token create makes; nothing listens unless it stands here.
        # api:
        #   listen: ["127.0.0.1:8470"]     # beyond the loopback it takes tls: see docs/security-api.md
        #   tls: {certificate: /etc/altp/tls/cert.pem, key: /etc/altp/tls/key.pem}

        # Who is told when a Processing has ended: see docs/webhooks.md
        # notify:
        #   - {name: ops, url: "https://ops.example/hook", secret_file: /etc/altp/secrets/ops, outcomes: [failed]}
        #   - {name: mail, mail: [/usr/sbin/sendmail, -t, -i], to: [ops@example.org]}

        # Things that there is a limited number of. A Script names how many it holds while it runs.
        pools:
          download: 2

        """

    private static let policy = """
        # What Scripts may use that name no other policy. A Script's own `limits` outrank these.
        rootfs: host               # the host's /usr, read-only; or one of rootfs/, once it is built
        limits:
          cpu: 1                   # cores: a ceiling, and what is reserved
          memory: 1G
          pids: 64                 # processes and threads
          open_files: 1024
          log: 16M                 # of what the Script prints
          wall_time: 30m
          # cpu_time: 20m          # of all its processes together
          # disk: 10G              # that it may add; also inodes
          # io_read: 50M           # bytes a second of the disk; also io_write, io_read_ops, io_write_ops
        network: none              # or: host, or {allow: ["landsat.example:443", "192.0.2.0/24:5432"]}
        seccomp: default           # default | strict | none | a file in the OCI format, FILE.json
        # mounts:
        #   - {source: /srv/archive, target: /archive}                              # read-only
        #   - {source: /srv/products, target: /products, mode: rw, owner: www-data}
        # devices: [/dev/fuse]     # of the host; none
        # capabilities: [CAP_SYS_PTRACE]   # in the Script's own user namespace; none
        control: self              # what a Script may steer: none | self | task | host

        """

    private static let discover = """
        # A Periodic Task: looks for something new, and emits an Event for each find.
        description: Find what is new
        every: 1m                  # or  cron: "*/5 * * * *"  with  timezone: Europe/Berlin
        policy: default
        scripts:
          - name: discover
            run: discover.sh       # a text is a line for /bin/sh; /scripts is on the PATH

        """

    private static let discoverScript = """
        #!/bin/sh
        # A line of JSON in $ALTP_EVENTS becomes an Event when this script succeeds. The id is the deduplication key:
        # an Event that was sent before is not sent again. Here: one find every hour.
        hour=$(date -u +%Y-%m-%dT%H)
        echo "{\\"type\\": \\"find\\", \\"id\\": \\"$hour\\", \\"params\\": {\\"name\\": \\"$hour\\"}}" >> "$ALTP_EVENTS"
        echo "found $hour"

        """

    private static let process = """
        # An Event Task: a chain of Scripts for each Event of its type.
        description: Process one find
        on_event: find
        params:
          name: {type: string, required: true}
        policy: default
        max_running: 4
        keep: {success: 1h, failed: 7d}
        scripts:
          - name: load
            run: [load.sh, "${name}"]          # a list is an argument vector, no shell
            pools: {download: 1}
            retry: {limit: 3, delay: 30s, backoff: 2, max_delay: 10m, on: [soft, timeout]}
          - name: report
            run: report.sh                     # parameters are variables too: $PARAM_NAME
            limits: {memory: 256M}

        """

    private static let loadScript = """
        #!/bin/sh
        # /processing is shared by the Scripts of this Processing, /scratch is this Script's own.
        # Exit status 75 is a soft failure: try again later. Anything else but 0 is final.
        echo "loading $1"
        echo "content of $1" > /processing/loaded.txt || exit 75

        """

    private static let reportScript = """
        #!/bin/sh
        echo "processed $PARAM_NAME in Processing $ALTP_PROCESSING, attempt $ALTP_ATTEMPT"
        wc -c < /processing/loaded.txt

        """
}
