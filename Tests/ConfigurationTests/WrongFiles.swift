import Testing

/// Wrong files, each with what is said of it. `altp.yaml` declares the pool `downloads` where it is not itself the wrong one.
enum WrongFiles {
    struct Case: Sendable, CustomTestStringConvertible {
        var file: String
        var content: String
        var messages: [String]

        init(_ file: String, _ content: String, _ messages: [String]) {
            self.file = file
            self.content = content
            self.messages = messages
        }

        var testDescription: String { "\(file): \(content)" }
    }

    static let cases: [Case] = [
        Case(
            "altp.yaml", "cpus: 4\n",
            ["altp.yaml:1:1: unknown key \"cpus\"; did you mean \"cpu\"?"]),
        Case(
            "altp.yaml", "cpu: many\n",
            ["altp.yaml:1:6: cpu: expected a number above 0, at most 4096; got \"many\""]),
        Case(
            "altp.yaml", "cpu: 0\n",
            ["altp.yaml:1:6: cpu: expected a number above 0, at most 4096; got \"0\""]),
        Case(
            "altp.yaml", "memory: 4 gigabytes\n",
            ["altp.yaml:1:9: memory: expected a size such as 512K, 16M or 4G of at least 1M; got \"4 gigabytes\""]),
        Case(
            "altp.yaml", "state: var/lib/altp\n",
            ["altp.yaml:1:8: state: expected an absolute path without . and ..; got \"var/lib/altp\""]),
        Case(
            "altp.yaml", "run: /run/../etc\n",
            ["altp.yaml:1:6: run: expected an absolute path without . and ..; got \"/run/../etc\""]),
        Case(
            "altp.yaml", "keep_free: much\n",
            ["altp.yaml:1:12: keep_free: expected a size such as 512M or 10G, or a part such as 10%; got \"much\""]),
        Case(
            "altp.yaml", "keep_free: 100%\n",
            ["altp.yaml:1:12: keep_free: expected a part from 0% to less than 100%; got \"100%\""]),
        Case(
            "altp.yaml", "disk: 1K\n",
            ["altp.yaml:1:7: disk: expected a size such as 512K, 16M or 4G of at least 1M; got \"1K\""]),
        Case(
            "altp.yaml", "pools: {download: 0}\n",
            ["altp.yaml:1:19: pools: download: expected a whole number from 1 to 1000000; got \"0\""]),
        Case(
            "altp.yaml", "pools: {Down Load: 2}\n",
            [
                "altp.yaml:1:9: pools: \"Down Load\" is no name: lower-case letters, digits, - and _, beginning with a letter or digit, at most 63"
            ]),
        Case(
            "altp.yaml", "pools: [download]\n",
            ["altp.yaml:1:8: pools: expected a mapping of pools to numbers; got a list"]),
        Case(
            "altp.yaml", "uids: {first: 1000, blocks: 10}\n",
            ["altp.yaml:1:15: first: expected a whole number from 65536 to 4000000000; got \"1000\""]),
        Case(
            "altp.yaml", "uids: {first: 4000000000, blocks: 50000}\n",
            ["altp.yaml:1:7: uids: the range ends at 7276800000, beyond the greatest uid 4294967294"]),
        Case(
            "altp.yaml", "cpu: 2\ncpu: 4\n",
            ["altp.yaml:2:1: duplicate key \"cpu\"; it stands in line 1 already"]),
        Case(
            "altp.yaml", "- cpu\n",
            [
                "altp.yaml:1:1: expected a host, a mapping of state, run, keep_free, cpu, memory, disk, pools, uids, cgroup, mount_roots, api, log, keep_changes, notify; got a list"
            ]),
        Case(
            "altp.yaml", "log: {format: yaml, level: info}\n",
            ["altp.yaml:1:15: format: expected one of text, json; got \"yaml\""]),
        Case(
            "altp.yaml", "log: {lvel: info}\n",
            ["altp.yaml:1:7: unknown key \"lvel\"; did you mean \"level\"?"]),
        Case(
            "altp.yaml", "cpu: [1\n",
            ["altp.yaml:2:1: did not find expected ',' or ']' while parsing a flow sequence"]),
        Case(
            "altp.yaml", "cpu: 1\n---\ncpu: 2\n",
            ["altp.yaml:2:1: a second document; a file holds one"]),
        Case(
            "altp.yaml", "\tcpu: 1\n",
            [
                "altp.yaml:1:1: found character that cannot start any token while scanning for the next token; indent with spaces, and quote texts with special characters"
            ]),
        Case(
            "altp.yaml", "cgroup: ../x\n",
            [
                "altp.yaml:1:9: cgroup: \"../x\" is no name: lower-case letters, digits, - and _, beginning with a letter or digit, at most 63"
            ]),
        Case(
            "policies/p.yaml", "limits: {memroy: 1G}\n",
            ["policies/p.yaml:1:10: unknown key \"memroy\"; did you mean \"memory\"?"]),
        Case(
            "policies/p.yaml", "limits: {memory: 1GB}\n",
            ["policies/p.yaml:1:18: memory: expected a size such as 512K, 16M or 4G of at least 1M; got \"1GB\""]),
        Case(
            "policies/p.yaml", "limits: {memory: 99}\n",
            ["policies/p.yaml:1:18: memory: expected a size such as 512K, 16M or 4G of at least 1M; got \"99\""]),
        Case(
            "policies/p.yaml", "limits: {wall_time: 30}\n",
            ["policies/p.yaml:1:21: wall_time: expected a duration such as 30s, 5m or 2h of at least 1ms; got \"30\""]),
        Case(
            "policies/p.yaml", "limits: {wall_time: [30s]}\n",
            ["policies/p.yaml:1:21: wall_time: expected a duration such as 30s, 5m or 2h of at least 1ms; got a list"]),
        Case(
            "policies/p.yaml", "limits: {wall_time: 30m, wall_time_max: 20m}\n",
            ["policies/p.yaml:1:41: wall_time_max: 20m is less than the wall_time, which is 30m"]),
        Case(
            "policies/p.yaml", "limits: {wall_time_max: 20m}\n",
            ["policies/p.yaml:1:25: wall_time_max: 20m is less than the wall_time, which is 1h"]),
        Case(
            "policies/p.yaml", "limits: {pids: 1.5}\n",
            ["policies/p.yaml:1:16: pids: expected a whole number from 1 to 4194304; got \"1.5\""]),
        Case(
            "policies/p.yaml", "limits: {cpu: -1}\n",
            ["policies/p.yaml:1:15: cpu: expected a number above 0, at most 4096; got \"-1\""]),
        Case(
            "policies/p.yaml", "limits: {open_files: 3}\n",
            ["policies/p.yaml:1:22: open_files: expected a whole number from 16 to 1048576; got \"3\""]),
        Case(
            "policies/p.yaml", "limits: {disk: 2K}\n",
            ["policies/p.yaml:1:16: disk: expected a size such as 512K, 16M or 4G of at least 64K; got \"2K\""]),
        Case(
            "policies/p.yaml", "limits: {inodes: 5}\n",
            ["policies/p.yaml:1:18: inodes: expected a whole number from 16 to 1000000000; got \"5\""]),
        Case(
            "policies/p.yaml", "limits: 5\n",
            [
                "policies/p.yaml:1:9: expected limits, a mapping of cpu, cpu_time, memory, swap, pids, disk, inodes, open_files, io_read, io_write, io_read_ops, io_write_ops, log, wall_time, wall_time_max, grace; got \"5\""
            ]),
        Case(
            "policies/p.yaml", "network: internet\n",
            ["policies/p.yaml:1:10: network: expected none, host or {allow: [\"NAME:PORT\"]}; got \"internet\""]),
        Case(
            "policies/p.yaml", "seccomp: lenient\n",
            ["policies/p.yaml:1:10: seccomp: expected default, strict, none or a FILE.json; got \"lenient\""]),
        Case(
            "policies/p.yaml", "seccomp: missing.json\n",
            ["policies/p.yaml:1:10: seccomp: open missing.json: No such file or directory"]),
        Case(
            "policies/p.yaml", "capabilities: [CAP_CHOWM, SYS_PTRACE, 7, cap_sys_ptrace]\n",
            [
                "policies/p.yaml:1:16: capabilities: expected names of capabilities(7) such as CAP_CHOWN; got \"CAP_CHOWM\"; did you mean \"CAP_CHOWN\"?",
                "policies/p.yaml:1:39: capabilities: expected names of capabilities(7) such as CAP_CHOWN; got \"7\"",
                "policies/p.yaml:1:42: capabilities: CAP_SYS_PTRACE is given twice",
            ]),
        Case(
            "policies/p.yaml",
            "devices: [/dev/null, /dev/shm/x, /etc/passwd, /dev/no-such-device, /dev/net, /dev/../etc]\n",
            [
                "policies/p.yaml:1:11: devices: /dev/null: every sandbox has its own /dev/null",
                "policies/p.yaml:1:22: devices: /dev/shm/x: every sandbox has its own /dev/shm",
                "policies/p.yaml:1:34: devices: expected paths below /dev such as /dev/fuse; got \"/etc/passwd\"",
                "policies/p.yaml:1:47: devices: /dev/no-such-device cannot be found: No such file or directory",
                "policies/p.yaml:1:68: devices: /dev/net is no character or block device",
                "policies/p.yaml:1:78: devices: expected paths below /dev such as /dev/fuse; got \"/dev/../etc\"",
            ]),
        Case(
            "policies/p.yaml", "devices: /dev/fuse\n",
            ["policies/p.yaml:1:10: devices: expected a list of devices such as [/dev/fuse]; got \"/dev/fuse\""]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: /nowhere/at/all, target: /archive}\n",
            ["policies/p.yaml:2:14: source: /nowhere/at/all cannot be found: /nowhere: No such file or directory"]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: /proc/self/cwd, target: /archive}\n",
            ["policies/p.yaml:2:14: source: /proc/self/cwd lies in /proc, which is never handed to a sandbox"]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: /, target: /archive}\n",
            [
                "policies/p.yaml:2:14: source: / holds /proc, which is never handed to a sandbox; mount what is needed of it"
            ]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: /var/lib, target: /archive}\n",
            [
                "policies/p.yaml:2:14: source: /var/lib overlaps /var/lib/altp, a folder of the Launcher's own; mount what is needed beside it"
            ]),
        Case(
            "altp.yaml", "mount_roots: /srv\n",
            ["altp.yaml:1:14: mount_roots: expected a list of folders such as [/srv, /data]; got \"/srv\""]),
        Case(
            "altp.yaml", "mount_roots: [srv, /data]\n",
            ["altp.yaml:1:15: mount_roots: expected an absolute path without . and ..; got \"srv\""]),
        Case(
            "altp.yaml", "mount_roots:\n",
            ["altp.yaml:1:13: mount_roots: expected a list of folders such as [/srv, /data]; got nothing"]),
        Case(
            "policies/p.yaml", "control: tasks\n",
            [
                "policies/p.yaml:1:10: control: expected one of none, self, task, host; got \"tasks\"; did you mean \"task\"?"
            ]),
        Case(
            "policies/p.yaml", "rootfs: debain\n",
            ["policies/p.yaml:1:9: rootfs: there is no rootfs/debain.yaml"]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: srv, target: /archive}\n",
            ["policies/p.yaml:2:14: source: expected an absolute path without . and ..; got \"srv\""]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: /etc}\n",
            ["policies/p.yaml:2:5: missing key \"target\": where the sandbox sees it"]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: /etc, target: /usr/local}\n",
            ["policies/p.yaml:2:28: target: /usr/local: every sandbox has its own /usr; choose another place"]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: /etc, target: /}\n",
            ["policies/p.yaml:2:28: target: the root itself cannot be mounted over"]),
        Case(
            "policies/p.yaml", "mounts:\n  - {source: /etc, target: /archive, mode: write}\n",
            ["policies/p.yaml:2:44: mode: expected one of ro, rw; got \"write\""]),
        Case(
            "policies/p.yaml", "mounts: /srv\n",
            ["policies/p.yaml:1:9: mounts: expected a list of mounts; got \"/srv\""]),
        Case(
            "policies/P 1.yaml", "network: none\n",
            [
                "policies/P 1.yaml: \"P 1\" is no name: lower-case letters, digits, - and _, beginning with a letter or digit, at most 63"
            ]),
        Case(
            "policies/p.yml", "network: none\n",
            ["policies/p.yml: is not read: rename it to end with .yaml"]),
        Case(
            "rootfs/r.yaml", "directory: relative\n",
            ["rootfs/r.yaml:1:12: directory: expected an absolute path without . and ..; got \"relative\""]),
        Case(
            "rootfs/r.yaml", "description: nothing\n",
            [
                "rootfs/r.yaml:1:1: missing key: a rootfs has a `directory` that holds a whole root file system, a `build` of "
                    + "Debian packages, or an `import` of a container image"
            ]),
        Case(
            "rootfs/r.yaml", "directory: /srv/r\nbuild: {suite: bookworm}\n",
            ["rootfs/r.yaml:2:8: build: the rootfs has a directory already; it can have one source"]),
        Case(
            "rootfs/r.yaml", "build: {suit: bookworm}\n",
            ["rootfs/r.yaml:1:9: unknown key \"suit\"; did you mean \"suite\"?"]),
        Case(
            "rootfs/r.yaml", "build: bookworm\n",
            [
                "rootfs/r.yaml:1:8: expected a build, a mapping of suite, packages, variant, mirror; got \"bookworm\""
            ]),
        Case(
            "rootfs/r.yaml", "build:\n  suite: --help\n  variant: minbas\n  mirror: ftp://x\n",
            [
                "rootfs/r.yaml:2:10: suite: expected a release's code name such as bookworm; got \"--help\"",
                "rootfs/r.yaml:3:12: variant: expected one of essential, apt, minbase, standard; got \"minbas\"; "
                    + "did you mean \"minbase\"?",
                "rootfs/r.yaml:4:11: mirror: expected a URL that begins with http://, https:// or file:///; got \"ftp://x\"",
            ]),
        Case(
            "rootfs/r.yaml", "build:\n  packages: [python3, \"a,b\", \"?essential\", -o]\n",
            [
                "rootfs/r.yaml:2:23: packages: expected the name of a Debian package; got \"a,b\"",
                "rootfs/r.yaml:2:30: packages: expected the name of a Debian package; got \"?essential\"",
                "rootfs/r.yaml:2:44: packages: expected the name of a Debian package; got \"-o\"",
            ]),
        Case(
            "rootfs/r.yaml", "import: docker://debian\n",
            [
                "rootfs/r.yaml:1:9: import: expected oci:PATH[:TAG], oci-archive:PATH[:TAG] or "
                    + "docker-archive:PATH[:NAME:TAG], with an absolute path; got \"docker://debian\""
            ]),
        Case(
            "rootfs/r.yaml", "import: oci:images/x\n",
            [
                "rootfs/r.yaml:1:9: import: expected oci:PATH[:TAG], oci-archive:PATH[:TAG] or "
                    + "docker-archive:PATH[:NAME:TAG], with an absolute path; got \"oci:images/x\""
            ]),
        Case(
            "tasks/t.yaml", "",
            ["tasks/t.yaml: the file is empty; a Task has at least scripts"]),
        Case(
            "tasks/t.yaml", "on_event: scene\n",
            ["tasks/t.yaml:1:1: missing key \"scripts\": the chain, a list of Scripts"]),
        Case(
            "tasks/t.yaml", "scripts: []\n",
            ["tasks/t.yaml:1:10: scripts: a Task has at least one Script"]),
        Case(
            "tasks/t.yaml", "every: 5m\ncron: \"* * * * *\"\nscripts:\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:2:7: cron: the Task has a trigger already, every; it can have one"]),
        Case(
            "tasks/t.yaml", "every: 5\nscripts:\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:1:8: every: expected a duration such as 30s, 5m or 2h of at least 1s; got \"5\""]),
        Case(
            "tasks/t.yaml", "every: 10ms\nscripts:\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:1:8: every: expected a duration such as 30s, 5m or 2h of at least 1s; got \"10ms\""]),
        Case(
            "tasks/t.yaml", "cron: */5 * * * *\nscripts:\n  - {name: a, run: \"true\"}\n",
            [
                "tasks/t.yaml:1:8: did not find expected alphabetic or numeric character while scanning an alias; put a text that begins with * or & into quotes"
            ]),
        Case(
            "tasks/t.yaml", "cron: \"61 * * * *\"\nscripts:\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:1:7: cron: minute `61`: expected 0 to 59, found `61`"]),
        Case(
            "tasks/t.yaml", "cron: \"0 0 30 2 *\"\nscripts:\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:1:7: cron: day of month `30`: expected a day that a month of `2` has; this date never comes"]
        ),
        Case(
            "tasks/t.yaml", "cron: \"0 0 * * *\"\ntimezone: Europe/Berlim\nscripts:\n  - {name: a, run: \"true\"}\n",
            [
                "tasks/t.yaml:2:11: timezone: there is no time zone `Europe/Berlim`; expected a name of the tz database such as Europe/Berlin or UTC"
            ]),
        Case(
            "tasks/t.yaml", "every: 5m\ntimezone: UTC\nscripts:\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:2:11: timezone: only a cron trigger has one"]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\npolciy: default\n",
            ["tasks/t.yaml:4:1: unknown key \"polciy\"; did you mean \"policy\"?"]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\npolicy: defualt\n",
            ["tasks/t.yaml:4:9: policy: there is no policies/defualt.yaml; did you mean \"default\"?"]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\npriority: 5000\n",
            ["tasks/t.yaml:4:11: priority: expected a whole number from -1000 to 1000; got \"5000\""]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\npriority: high\n",
            ["tasks/t.yaml:4:11: priority: expected a whole number from -1000 to 1000; got \"high\""]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nmax_running: 0\n",
            ["tasks/t.yaml:4:14: max_running: expected a whole number from 1 to 1000000; got \"0\""]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nkeep: {success: never}\n",
            ["tasks/t.yaml:4:17: success: expected a duration such as 30s, 5m or 2h; got \"never\""]),
        Case(
            "tasks/t.yaml",
            "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nparams: {Scene: {type: string}}\n",
            [
                "tasks/t.yaml:4:10: params: \"Scene\" is no parameter's name: lower-case letters, digits and _, beginning with a letter"
            ]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nparams: {scene: {type: text}}\n",
            ["tasks/t.yaml:4:24: type: expected one of string, number, integer, boolean; got \"text\""]),
        Case(
            "tasks/t.yaml",
            "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nparams: {scene: {required: maybe}}\n",
            ["tasks/t.yaml:4:28: required: expected true or false; got \"maybe\""]),
        Case(
            "tasks/t.yaml",
            "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nparams: {cloud: {type: number, default: cloudy}}\n",
            ["tasks/t.yaml:4:41: default: expected a number; got \"cloudy\""]),
        Case(
            "tasks/t.yaml",
            "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nparams: {cloud: {required: true, default: x}}\n",
            ["tasks/t.yaml:4:43: default: a required parameter has none"]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nparams: [scene]\n",
            ["tasks/t.yaml:4:9: params: expected a mapping of parameters; got a list"]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nenv: {ALTP_TASK: x}\n",
            ["tasks/t.yaml:4:7: env: \"ALTP_TASK\" cannot be set: what begins with ALTP_ is the Launcher's own"]),
        Case(
            "tasks/t.yaml", "on_event: scene\nscripts:\n  - {name: a, run: \"true\"}\nenv: {A: [1]}\n",
            ["tasks/t.yaml:4:10: env: A: expected a text; got a list"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {run: \"true\"}\n",
            ["tasks/t.yaml:2:5: missing key \"name\": what the Script is called"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a}\n",
            ["tasks/t.yaml:2:5: missing key \"run\": its command, a list of arguments or a line for /bin/sh"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a b, run: \"true\"}\n",
            [
                "tasks/t.yaml:2:12: name: \"a b\" is no name: lower-case letters, digits, - and _, beginning with a letter or digit, at most 63"
            ]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\"}\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:3:5: a second Script with the name \"a\""]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: []}\n",
            ["tasks/t.yaml:2:20: run: the command is empty"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: {x: 1}}\n",
            ["tasks/t.yaml:2:20: run: expected a list of arguments or a line for /bin/sh; got a mapping"]),
        Case(
            "tasks/t.yaml", "params: {scene: {type: string}}\nscripts:\n  - {name: a, run: [echo, \"${secne}\"]}\n",
            ["tasks/t.yaml:3:27: run: ${secne} names no parameter of the Task; did you mean \"scene\"?"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: [echo, \"${scene\"]}\n",
            ["tasks/t.yaml:2:27: run: \"${\" without its \"}\"; write $$ for a literal $"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\", pools: {download: 1}}\n",
            ["tasks/t.yaml:2:36: pools: altp.yaml declares no pool \"download\"; did you mean \"downloads\"?"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\", retry: {on: [sfot]}}\n",
            [
                "tasks/t.yaml:2:41: on: expected outcomes of soft, hard, signal, timeout, cpu_time, oom, pids, disk, seccomp, setup, lost; got \"sfot\"; did you mean \"soft\"?"
            ]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\", retry: {limit: -1, backoff: 0}}\n",
            [
                "tasks/t.yaml:2:43: limit: expected a whole number from 0 to 1000000; got \"-1\"",
                "tasks/t.yaml:2:56: backoff: expected a number above 0, at most 1000; got \"0\"",
            ]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\", workdir: home}\n",
            ["tasks/t.yaml:2:37: workdir: expected one of scratch, processing; got \"home\""]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\", limits: {memory: lots}}\n",
            ["tasks/t.yaml:2:45: memory: expected a size such as 512K, 16M or 4G of at least 1M; got \"lots\""]),
        Case(
            "tasks/t.yaml", "scripts: {name: a}\n",
            ["tasks/t.yaml:1:10: scripts: expected a list of Scripts; got a mapping"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - a\n",
            [
                "tasks/t.yaml:2:5: expected a Script, a mapping of name, run, policy, limits, pools, retry, workdir, env; got \"a\""
            ]),
        Case(
            "tasks/t.yaml", "scripts: &x\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:1:10: an anchor; put a text that begins with & into quotes"]),
        Case(
            "tasks/t.yaml", "scripts: !!seq\n  - {name: a, run: \"true\"}\n",
            ["tasks/t.yaml:1:10: a tag; put a text that begins with ! into quotes"]),
        Case(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: *x}\n",
            ["tasks/t.yaml:2:20: an alias; write the value out, or put a text that begins with * into quotes"]),
        Case(
            "tasks/t.yaml",
            "description: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
            ["tasks/t.yaml:1:45: nested deeper than 32 levels"]),
    ]
}
