import Glibc

extension SeccompProfile {
    /// What ordinary programs need, and nothing that reaches into the kernel's administration, other processes' memory or
    /// a wider attack surface. A refused call fails with EPERM.
    static let `default` = SeccompProfile(
        defaultAction: .error, defaultErrnoRet: EPERM,
        syscalls: [
            Rule(names: files + memory + processes + time + descriptors + networking + systemV + moreForDefault),
            // glibc falls back to clone for a missing clone3, whose flags a filter cannot see.
            Rule(names: ["clone3"], action: .error, errnoRet: ENOSYS),
            withoutNewNamespaces,
        ] + plainPersonalities + controlsWithoutInjection + socketsOfTheNetworkNamespace)

    /// For pure computing: files, memory, processes of its own and local sockets. A refused call ends the sandbox.
    static let strict = SeccompProfile(
        defaultAction: .killProcess,
        syscalls: [
            Rule(names: files + memory + processes + time + descriptors),
            Rule(names: localSocketCalls),
            Rule(
                names: ["socket", "socketpair"],
                args: [Argument(index: 0, value: UInt64(AF_UNIX), valueTwo: nil, op: .equal)]),
            // Name look-ups and the like try a network socket and live without it.
            Rule(
                names: ["socket", "socketpair"], action: .error, errnoRet: EAFNOSUPPORT,
                args: [Argument(index: 0, value: UInt64(AF_UNIX), valueTwo: nil, op: .notEqual)]),
            Rule(names: ["clone3"], action: .error, errnoRet: ENOSYS),
            withoutNewNamespaces,
        ] + plainPersonalities + controlsWithoutInjection)

    /// clone(2) with none of the CLONE_NEW flags. (CLONE_NEWTIME shares its bit with the exit signal.)
    static let withoutNewNamespaces = Rule(
        names: ["clone"], args: [Argument(index: 0, value: 0x7e02_0000, valueTwo: 0, op: .maskedEqual)])

    /// personality(2) as a query or with the everyday values: PER_LINUX and PER_LINUX32, each with UNAME26, and without
    /// address randomisation. The kernel looks at 32 bits of it.
    private static let plainPersonalities = [0, 8, 0x20000, 0x20008, 0x40000, 0xffff_ffff].map {
        Rule(
            names: ["personality"],
            args: [Argument(index: 0, value: 0xffff_ffff, valueTwo: $0, op: .maskedEqual)])
    }

    /// ioctl(2) with every request but those that put words into a terminal's mouth: TIOCSTI and TIOCLINUX.
    static let controlsWithoutInjection = prefixes(allBut: [0x5412, 0x541c]).map {
        Rule(names: ["ioctl"], args: [Argument(index: 1, value: $0.mask, valueTwo: $0.value, op: .maskedEqual)])
    }

    /// Disjoint masked values that together match every number of 32 bits but these, whatever the upper half of the
    /// register holds: the kernel cuts it off, so that a comparison of all 64 bits for being different could be fooled.
    static func prefixes(allBut excluded: Set<UInt32>) -> [(mask: UInt64, value: UInt64)] {
        var found: [(mask: UInt64, value: UInt64)] = []
        func split(_ value: UInt32, _ mask: UInt32, _ inside: Set<UInt32>) {
            if inside.isEmpty {
                found.append((UInt64(mask), UInt64(value)))
            } else if mask != .max {
                let bit: UInt32 = 1 << UInt32((~mask).leadingZeroBitCount ^ 31)
                split(value, mask | bit, inside.filter { $0 & bit == 0 })
                split(value | bit, mask | bit, inside.filter { $0 & bit != 0 })
            }
        }
        split(0, 0, excluded)
        return found
    }

    /// socket(2) of every family but vsock, whose addresses are of the machine and know no network namespace. The family
    /// is an int: the kernel looks at 32 bits of it.
    private static let socketsOfTheNetworkNamespace = prefixes(allBut: [UInt32(AF_VSOCK)]).map {
        Rule(names: ["socket"], args: [Argument(index: 0, value: $0.mask, valueTwo: $0.value, op: .maskedEqual)])
    }

    private static let files = [
        "access", "chdir", "chmod", "chown", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3",
        "faccessat", "faccessat2", "fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown",
        "fchownat", "fcntl", "fdatasync", "fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat",
        "fstatfs", "fsync", "ftruncate", "futimesat", "getcwd", "getdents", "getdents64", "getxattr",
        "inotify_add_watch",
        "inotify_init", "inotify_init1", "inotify_rm_watch", "lchown", "lgetxattr", "link", "linkat", "listxattr",
        "llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat", "mkdir", "mkdirat", "mknod", "mknodat",
        "newfstatat",
        "open", "openat", "openat2", "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read",
        "readahead",
        "readlink", "readlinkat", "readv", "removexattr", "rename", "renameat", "renameat2", "rmdir", "sendfile",
        "setxattr", "splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs",
        "tee",
        "truncate", "umask", "unlink", "unlinkat", "utime", "utimensat", "utimes", "vmsplice", "write", "writev",
    ]

    private static let memory = [
        "brk", "cachestat", "get_mempolicy", "madvise", "map_shadow_stack", "mbind", "membarrier", "memfd_create",
        "mincore",
        "mlock", "mlock2", "mlockall", "mmap", "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall",
        "munmap",
        "pkey_alloc", "pkey_free", "pkey_mprotect", "remap_file_pages", "set_mempolicy", "set_mempolicy_home_node",
    ]

    private static let processes = [
        "arch_prctl", "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "futex", "futex_requeue",
        "futex_wait", "futex_waitv", "futex_wake", "get_robust_list", "get_thread_area", "getcpu", "getegid", "geteuid",
        "getgid", "getgroups", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getresgid", "getresuid",
        "getrlimit", "getrusage", "getsid", "gettid", "getuid", "ioprio_get", "ioprio_set", "kill", "pause",
        "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64", "restart_syscall", "rseq", "rt_sigaction",
        "rt_sigpending",
        "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo",
        "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
        "sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity", "sched_setattr", "sched_setparam",
        "sched_setscheduler", "sched_yield", "set_robust_list", "set_thread_area", "set_tid_address", "setfsgid",
        "setfsuid", "setgid", "setgroups", "setpgid", "setpriority", "setregid", "setresgid", "setresuid", "setreuid",
        "setrlimit", "setsid", "setuid", "sigaltstack", "sysinfo", "tgkill", "tkill", "uname", "vfork", "wait4",
        "waitid",
    ]

    private static let time = [
        "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer", "gettimeofday", "nanosleep",
        "setitimer",
        "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create",
        "timerfd_gettime", "timerfd_settime", "times",
    ]

    private static let descriptors = [
        "epoll_create", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd",
        "eventfd2",
        "getrandom", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit",
        "pipe",
        "pipe2", "poll", "ppoll", "pselect6", "select", "signalfd", "signalfd4",
    ]

    private static let localSocketCalls = [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recvfrom",
        "recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
    ]

    private static let networking = localSocketCalls + ["socketpair"]

    private static let systemV = [
        "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink", "msgctl", "msgget",
        "msgrcv", "msgsnd", "semctl", "semget", "semop", "semtimedop", "shmat", "shmctl", "shmdt", "shmget",
    ]

    private static let moreForDefault = [
        "landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "seccomp",
    ]
}
