import Testing

/// Values that another reader of YAML, or a hasty eye, takes for something else than they would have become here.
enum TrapFiles {
    private static let script = "scripts:\n  - {name: a, run: \"true\"}\n"

    static let cases: [WrongFiles.Case] = [
        .init(
            "tasks/t.yaml", "every:\n\(script)",
            ["tasks/t.yaml:1:7: every: expected a duration such as 30s, 5m or 2h of at least 1s; got nothing"]),
        .init(
            "tasks/t.yaml", "every: 5m\nparams: {scene: {required: true}}\n\(script)",
            ["tasks/t.yaml:2:28: required: nobody gives a Periodic Task's ticks a value; give it a default"]),
        .init("tasks/t.yaml", "cron:\n\(script)", ["tasks/t.yaml:1:6: cron: expected a text; got nothing"]),
        .init(
            "tasks/t.yaml", "cron: \"0 0 * * *\"\ntimezone: ~\n\(script)",
            ["tasks/t.yaml:2:11: timezone: expected a text; got nothing"]),
        .init("tasks/t.yaml", "on_event:\n\(script)", ["tasks/t.yaml:1:10: on_event: expected a text; got nothing"]),
        .init(
            "tasks/t.yaml", "on_event: \"\"\n\(script)",
            ["tasks/t.yaml:1:11: on_event: the type of an Event has 1 to 1024 bytes and no control characters"]),
        .init("tasks/t.yaml", "policy: null\n\(script)", ["tasks/t.yaml:1:9: policy: expected a text; got nothing"]),
        .init("tasks/t.yaml", "scripts:\n", ["tasks/t.yaml:1:9: scripts: a Task has at least one Script"]),
        .init("tasks/t.yaml", "scripts:\n  - {name: a, run: }\n", ["tasks/t.yaml:2:20: run: the command is empty"]),
        .init(
            "tasks/t.yaml", "scripts:\n  - name: a\n    run:\n      - echo\n      -\n",
            ["tasks/t.yaml:5:8: run: expected a text; got nothing"]),
        .init(
            "tasks/t.yaml", "priority: 010\n\(script)",
            ["tasks/t.yaml:1:11: priority: expected a whole number from -1000 to 1000; got \"010\""]),
        .init(
            "tasks/t.yaml", "max_running: +5\n\(script)",
            ["tasks/t.yaml:1:14: max_running: expected a whole number from 1 to 1000000; got \"+5\""]),
        .init(
            "tasks/t.yaml", "max_running: 1e3\n\(script)",
            ["tasks/t.yaml:1:14: max_running: expected a whole number from 1 to 1000000; got \"1e3\""]),
        .init(
            "tasks/t.yaml", "params: {x: {required: yes}}\n\(script)",
            ["tasks/t.yaml:1:24: required: expected true or false; got \"yes\""]),
        .init(
            "tasks/t.yaml", "params: {x: {required: NO}}\n\(script)",
            ["tasks/t.yaml:1:24: required: expected true or false; got \"NO\""]),
        .init("tasks/t.yaml", "on: yes\n\(script)", ["tasks/t.yaml:1:1: unknown key \"on\""]),
        .init("tasks/t.yaml", "<<: {every: 5m}\n\(script)", ["tasks/t.yaml:1:1: unknown key \"<<\""]),
        .init(
            "tasks/t.yaml", "env: {<<: x}\n\(script)",
            ["tasks/t.yaml:1:7: env: \"<<\" is no variable's name: letters, digits and _, not beginning with a digit"]),
        .init(
            "tasks/t.yaml", "env: {1A: x, A B: y, \"\": z}\n\(script)",
            [
                "tasks/t.yaml:1:7: env: \"1A\" is no variable's name: letters, digits and _, not beginning with a digit",
                "tasks/t.yaml:1:14: env: \"A B\" is no variable's name: letters, digits and _, not beginning with a digit",
                "tasks/t.yaml:1:22: env: \"\" is no variable's name: letters, digits and _, not beginning with a digit",
            ]),
        .init(
            "tasks/t.yaml", "every: 36501d\n\(script)",
            ["tasks/t.yaml:1:8: every: expected at most 36500d; got \"36501d\""]),
        .init(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\", retry: {delay: 10m, max_delay: 1s}}\n",
            ["tasks/t.yaml:2:59: max_delay: 1s is less than the delay, which is 10m"]),
        .init(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\", retry: {on: soft}}\n",
            ["tasks/t.yaml:2:40: on: expected a list of outcomes such as [soft, timeout]; got \"soft\""]),
        .init(
            "altp.yaml", "pools:\n  a: 1\npools:\n  b: 1\n",
            ["altp.yaml:3:1: duplicate key \"pools\"; it stands in line 1 already"]),
        .init(
            "altp.yaml", "cpu: 0x10\n", ["altp.yaml:1:6: cpu: expected a number above 0, at most 4096; got \"0x10\""]),
        .init("altp.yaml", "cpu: 010\n", ["altp.yaml:1:6: cpu: expected a number above 0, at most 4096; got \"010\""]),
        .init(
            "altp.yaml", "cpu: .inf\n", ["altp.yaml:1:6: cpu: expected a number above 0, at most 4096; got \".inf\""]),
        .init("altp.yaml", "memory: 2000T\n", ["altp.yaml:1:9: memory: expected at most 1024T; got \"2000T\""]),
        .init(
            "altp.yaml", "memory:\n",
            ["altp.yaml:1:8: memory: expected a size such as 512K, 16M or 4G of at least 1M; got nothing"]),
        .init(
            "altp.yaml", "pools: {a: 010}\n",
            ["altp.yaml:1:12: pools: a: expected a whole number from 1 to 1000000; got \"010\""]),
        .init(
            "policies/p.yaml", "seccomp:\n",
            ["policies/p.yaml:1:9: seccomp: expected default, strict, none or a FILE.json; got nothing"]),
        .init(
            "policies/p.yaml", "network:\n",
            ["policies/p.yaml:1:9: network: expected none, host or {allow: [\"NAME:PORT\"]}; got nothing"]),
        .init(
            "policies/p.yaml", "control:\n",
            ["policies/p.yaml:1:9: control: expected one of none, self, task, host; got nothing"]),
        .init(
            "policies/p.yaml", "network: no\n",
            ["policies/p.yaml:1:10: network: expected none, host or {allow: [\"NAME:PORT\"]}; got \"no\""]),
        .init(
            "policies/p.yaml", "seccomp: /proc/self.json\n",
            ["policies/p.yaml:1:10: seccomp: open /proc/self.json: No such file or directory"]),
        .init(
            "policies/p.yaml", "mounts:\n  - {source: /usr, target: /x}\n  - {source: /etc, target: /x}\n",
            ["policies/p.yaml:3:28: target: /x has a mount already, of /usr"]),
        .init(
            "policies/p.yaml", "mounts:\n  - {source: /usr, target: /x/y}\n  - {source: /etc, target: /x}\n",
            ["policies/p.yaml:3:28: target: /x hides the mount /x/y before it; put this one first"]),
        .init(
            "policies/p.yaml", "mounts:\n  - {source: /etc, target: /var}\n",
            ["policies/p.yaml:2:28: target: /var: every sandbox has its own /var/tmp; choose another place"]),
        .init(
            "policies/p.yaml", "mounts:\n  - {source: /etc, target: /x, owner: \"\"}\n",
            ["policies/p.yaml:2:39: owner: expected a user of the host; got \"\""]),
        .init(
            "tasks/t.yaml", "params: {x: {type: integer, default: +5}}\n\(script)",
            ["tasks/t.yaml:1:38: default: expected a whole number; got \"+5\""]),
        .init(
            "tasks/t.yaml", "params: {x: {type: number, default: 0x10}}\n\(script)",
            ["tasks/t.yaml:1:37: default: expected a number; got \"0x10\""]),
        .init(
            "tasks/t.yaml", "params: {x: {type: number, default: .5}}\n\(script)",
            ["tasks/t.yaml:1:37: default: expected a number; got \".5\""]),
        .init(
            "tasks/t.yaml", "scripts:\n  - {name: a, run: \"true\", pools: {downloads: 3}}\n",
            ["tasks/t.yaml:2:47: pools: downloads: 3 is more than the 2 that altp.yaml declares"]),
        .init(
            "tasks/t.yaml", "description: ü\nenv: {A: \"ü\u{0}\"}\n\(script)",
            ["tasks/t.yaml:2:12: not a text file in UTF-8: control characters are not allowed"]),
        .init(
            "tasks/t.yaml", "\u{feff}a\u{1}\n",
            ["tasks/t.yaml:1:2: not a text file in UTF-8: control characters are not allowed"]
        ),
        .init(
            "rootfs/host.yaml", "directory: /srv/x\n",
            ["rootfs/host.yaml: \"host\" is the host's own /usr and has no file; choose another name"]),
    ]
}
