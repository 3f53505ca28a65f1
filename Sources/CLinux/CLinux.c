#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/genetlink.h>
#include <linux/ioprio.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/quota.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <malloc.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <spawn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

const uint64_t altp_clone_newuser = CLONE_NEWUSER;
const uint64_t altp_clone_newns = CLONE_NEWNS;
const uint64_t altp_clone_newpid = CLONE_NEWPID;
const uint64_t altp_clone_newnet = CLONE_NEWNET;
const uint64_t altp_clone_newipc = CLONE_NEWIPC;
const uint64_t altp_clone_newuts = CLONE_NEWUTS;
const uint64_t altp_clone_newcgroup = CLONE_NEWCGROUP;
const int altp_o_path = O_PATH;
const int altp_o_noatime = O_NOATIME;
const short altp_poll_rdhup = POLLRDHUP;
const int altp_sys_socket = SYS_socket;
const unsigned altp_open_tree_clone = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
const unsigned altp_at_recursive = AT_RECURSIVE;
const unsigned altp_at_empty_path = AT_EMPTY_PATH;
const unsigned altp_move_mount_f_empty_path = MOVE_MOUNT_F_EMPTY_PATH;
const unsigned altp_move_mount_t_empty_path = MOVE_MOUNT_T_EMPTY_PATH;
const uint64_t altp_mount_attr_rdonly = MOUNT_ATTR_RDONLY;
const uint64_t altp_mount_attr_nosuid = MOUNT_ATTR_NOSUID;
const uint64_t altp_mount_attr_nodev = MOUNT_ATTR_NODEV;
const uint64_t altp_mount_attr_noexec = MOUNT_ATTR_NOEXEC;
const uint64_t altp_mount_attr_idmap = MOUNT_ATTR_IDMAP;
const uint64_t altp_resolve_no_symlinks = RESOLVE_NO_SYMLINKS;
const uint64_t altp_resolve_no_xdev = RESOLVE_NO_XDEV;
const uint64_t altp_resolve_beneath = RESOLVE_BENEATH;

struct spawn {
    const char *path;
    char *const *argv;
    char *const *envp;
    const int *descriptors;
    int count;
    const sigset_t *mask;
    int error;
    const char *failed_call;
};

// What the child of altp_spawn does. It runs on a stack of its own in the parent's memory: async-signal-safe calls only,
// and no return.
static int spawn_child(void *argument) {
    struct spawn *spawn = argument;
    const char *call = "sigaction";
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    // The parent blocked every signal for the clone, so no handler of its can run here before this.
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) sigaction(number, &action, NULL);
    }
    call = "sigprocmask";
    if (sigprocmask(SIG_SETMASK, spawn->mask, NULL) != 0) goto failed;
    call = "setsid";
    if (setsid() < 0) goto failed;
    // Two passes, so that a descriptor that is wanted lower is not overwritten first.
    int moved[16];
    call = "fcntl";
    for (int i = 0; i < spawn->count; i++) {
        moved[i] = fcntl(spawn->descriptors[i], F_DUPFD_CLOEXEC, spawn->count);
        if (moved[i] < 0) goto failed;
    }
    call = "dup2";
    for (int i = 0; i < spawn->count; i++) {
        if (dup2(moved[i], i) < 0) goto failed;
    }
    call = "close_range";
    if (syscall(SYS_close_range, spawn->count, ~0U, 0) != 0) goto failed;
    call = "execve";
    execve(spawn->path, spawn->argv, spawn->envp);
failed:
    spawn->error = errno;
    spawn->failed_call = call;
    _exit(127);
}

// clone3 with a new stack needs a hand-written entry: the child must not return through the parent's frames.
static long clone3_on_stack(struct clone_args *args, int (*entry)(void *), void *argument) {
#if defined(__x86_64__)
    long result;
    __asm__ volatile(
        "syscall\n\t"
        "test %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xor %%ebp, %%ebp\n\t"
        "mov %[argument], %%rdi\n\t"
        "call *%[entry]\n\t"
        "ud2\n"
        "1:"
        : "=a"(result)
        : "0"((long)SYS_clone3), "D"(args), "S"(sizeof *args), [entry] "r"(entry), [argument] "r"(argument)
        : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = SYS_clone3;
    register long x0 __asm__("x0") = (long)args;
    register long x1 __asm__("x1") = sizeof *args;
    register long x9 __asm__("x9") = (long)entry;
    register long x10 __asm__("x10") = (long)argument;
    __asm__ volatile(
        "svc 0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, xzr\n\t"
        "mov x0, x10\n\t"
        "blr x9\n\t"
        "brk 1\n"
        "1:"
        : "+r"(x0)
        : "r"(x8), "r"(x1), "r"(x9), "r"(x10)
        : "memory");
    return x0;
#else
#error "clone3_on_stack: no entry for this architecture"
#endif
}

// Runs `entry` in a child that shares the caller's memory, on a stack of its own, until it executes another program or ends.
// -1 with errno and the failed call when there is no child.
static pid_t clone_sharing_memory(struct clone_args *args, int (*entry)(void *), void *argument, const char **failed_call) {
    size_t stack_size = 64 * 1024;
    void *stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED) {
        *failed_call = "mmap";
        return -1;
    }
    args->flags |= CLONE_VM | CLONE_VFORK;
    args->exit_signal = SIGCHLD;
    args->stack = (uint64_t)(uintptr_t)stack;
    args->stack_size = stack_size;
    long result = clone3_on_stack(args, entry, argument);
    munmap(stack, stack_size);
    if (result < 0) {
        errno = (int)-result;
        *failed_call = "clone3";
        return -1;
    }
    return (pid_t)result;
}

pid_t altp_spawn(const char *path, char *const argv[], char *const envp[], const int *descriptors, int count,
                 uint64_t flags, int cgroup, int *pidfd, const char **failed_call) {
    sigset_t kept;
    sigemptyset(&kept);
    sigaddset(&kept, SIGCHLD);
    sigaddset(&kept, SIGTERM);
    struct spawn spawn = {path, argv, envp, descriptors, count, &kept, 0, NULL};
    if (count > 16) {
        errno = EINVAL;
        *failed_call = "altp_spawn";
        return -1;
    }
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = flags | CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0);
    args.pidfd = (uint64_t)(uintptr_t)pidfd;
    args.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0;

    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &old);
    pid_t child = clone_sharing_memory(&args, spawn_child, &spawn, failed_call);
    pthread_sigmask(SIG_SETMASK, &old, NULL);

    if (child < 0) return -1;
    if (spawn.error != 0) {
        // The child is already dead; its own pidfd reaps it and nothing else.
        siginfo_t info;
        waitid(P_PIDFD, (id_t)*pidfd, &info, WEXITED | __WALL);
        close(*pidfd);
        *pidfd = -1;
        errno = spawn.error;
        *failed_call = spawn.failed_call;
        return -1;
    }
    return child;
}

struct bare_spawn {
    const struct altp_bare *bare;
    int error;
    const char *failed_call;
};

// As spawn_child: in the parent's memory, so that only system calls are made. Those that change credentials are made
// directly: they are then this process's alone.
static int bare_child(void *argument) {
    struct bare_spawn *spawn = argument;
    const struct altp_bare *bare = spawn->bare;
    const char *call = "sigaction";
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(SIGPIPE, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
    call = "setsid";
    if (setsid() < 0) goto failed;
    call = "dup2";
    if (dup2(bare->input, 0) < 0 || dup2(bare->output, 1) < 0 || dup2(bare->output, 2) < 0) goto failed;
    call = "close_range";
    if (syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) goto failed;
    call = "setrlimit";
    for (int i = 0; i < bare->limit_count; i++) {
        if (syscall(SYS_prlimit64, 0, bare->resources[i], &bare->limits[i], NULL) != 0) goto failed;
    }
    call = "chdir";
    if (chdir(bare->directory) != 0) goto failed;
    call = "setgroups";
    if (syscall(SYS_setgroups, 0, NULL) != 0) goto failed;
    call = "setresgid";
    if (syscall(SYS_setresgid, bare->gid, bare->gid, bare->gid) != 0) goto failed;
    call = "setresuid";
    if (syscall(SYS_setresuid, bare->uid, bare->uid, bare->uid) != 0) goto failed;
    call = "prctl";
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) goto failed;
    umask(022);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    call = "execute";
    int error = ENOENT;
    for (char *const *path = bare->paths; *path != NULL; path++) {
        execve(*path, bare->argv, bare->envp);
        if (errno != ENOENT && errno != ENOTDIR) error = errno;
    }
    errno = error;
failed:
    spawn->error = errno;
    spawn->failed_call = call;
    _exit(127);
}

pid_t altp_spawn_bare(const struct altp_bare *bare, const char **failed_call) {
    struct bare_spawn spawn = {bare, 0, NULL};
    struct clone_args args;
    memset(&args, 0, sizeof args);
    pid_t child = clone_sharing_memory(&args, bare_child, &spawn, failed_call);
    if (child < 0) return -1;
    if (spawn.error != 0) {
        waitpid(child, NULL, 0);
        errno = spawn.error;
        *failed_call = spawn.failed_call;
        return -1;
    }
    return child;
}

pid_t altp_fork(uint64_t flags, int cgroup) {
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = flags | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0);
    args.exit_signal = SIGCHLD;
    args.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0;
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

pid_t altp_fork_watched(uint64_t flags, int *pidfd) {
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = flags | CLONE_PIDFD;
    args.exit_signal = SIGCHLD;
    args.pidfd = (uint64_t)(uintptr_t)pidfd;
    return (pid_t)syscall(SYS_clone3, &args, sizeof args);
}

int altp_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int altp_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int altp_pidfd_getfd(int pidfd, int fd) { return (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0); }

int altp_close_range(unsigned first, unsigned last) { return (int)syscall(SYS_close_range, first, last, 0); }

int altp_close_on_exec(unsigned first) { return (int)syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC); }

int altp_pivot_root(const char *new_root, const char *put_old) {
    return (int)syscall(SYS_pivot_root, new_root, put_old);
}

int altp_open_tree(int directory, const char *path, unsigned flags) {
    return (int)syscall(SYS_open_tree, directory, path, flags);
}

int altp_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags) {
    return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

int altp_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear, int userns) {
    struct mount_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.attr_set = set;
    attributes.attr_clr = clear;
    if (userns >= 0) attributes.userns_fd = (uint64_t)userns;
    return (int)syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes);
}

int altp_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = flags;
    how.mode = mode;
    how.resolve = resolve;
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

int altp_rename_exclusively(int from, const char *from_path, int to, const char *to_path) {
    return (int)syscall(SYS_renameat2, from, from_path, to, to_path, RENAME_NOREPLACE);
}

int altp_clear_protection(int fd) {
    // The kernel reads and writes an int, whatever the macros say of a long.
    int flags = 0;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) return -1;
    if ((flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)) == 0) return 0;
    flags &= ~(FS_IMMUTABLE_FL | FS_APPEND_FL);
    return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

// quotactl(2) by a descriptor on the file system, for project quotas.
static int quota(int fd, int command, uint32_t project, void *argument) {
    return (int)syscall(SYS_quotactl_fd, fd, QCMD(command, PRJQUOTA), project, argument);
}

int altp_quota_is_enforced(int fd) {
    struct fs_quota_stat state;
    memset(&state, 0, sizeof state);
    state.qs_version = FS_QSTAT_VERSION;
    if (quota(fd, Q_XGETQSTAT, 0, &state) != 0) return -1;
    return (state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0;
}

int altp_quota_usage(int fd, uint32_t project, uint64_t *bytes, uint64_t *inodes) {
    struct if_dqblk block;
    memset(&block, 0, sizeof block);
    if (quota(fd, Q_GETQUOTA, project, &block) != 0) return -1;
    *bytes = block.dqb_curspace;
    *inodes = block.dqb_curinodes;
    return 0;
}

int altp_quota_limit(int fd, uint32_t project, uint64_t bytes, uint64_t inodes) {
    struct if_dqblk block;
    memset(&block, 0, sizeof block);
    block.dqb_bhardlimit = (bytes + 1023) / 1024;
    block.dqb_ihardlimit = inodes;
    block.dqb_valid = QIF_LIMITS;
    return quota(fd, Q_SETQUOTA, project, &block);
}

int altp_quota_next(int fd, uint32_t from, uint32_t *project, int *is_limited, int *is_used) {
    struct if_nextdqblk block;
    memset(&block, 0, sizeof block);
    if (quota(fd, Q_GETNEXTQUOTA, from, &block) != 0) return -1;
    *project = block.dqb_id;
    *is_limited = block.dqb_bhardlimit != 0 || block.dqb_ihardlimit != 0;
    *is_used = block.dqb_curspace != 0 || block.dqb_curinodes != 0;
    return 0;
}

int altp_project_set(int fd, uint32_t project) {
    struct fsxattr attributes;
    memset(&attributes, 0, sizeof attributes);
    if (ioctl(fd, FS_IOC_FSGETXATTR, &attributes) != 0) return -1;
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return ioctl(fd, FS_IOC_FSSETXATTR, &attributes);
}

int altp_quota_events(void) {
    int descriptor = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_GENERIC);
    if (descriptor < 0) return -1;
    struct sockaddr_nl address;
    memset(&address, 0, sizeof address);
    address.nl_family = AF_NETLINK;
    // This family's number and that of its one group are fixed.
    int group = GENL_ID_VFS_DQUOT;
    if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 &&
        setsockopt(descriptor, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
        return descriptor;
    int error = errno;
    close(descriptor);
    errno = error;
    return -1;
}

int altp_quota_event(int descriptor, uint32_t project) {
    char buffer[4096];
    struct sockaddr_nl sender;
    socklen_t sender_size = sizeof sender;
    ssize_t size = recvfrom(descriptor, buffer, sizeof buffer, 0, (struct sockaddr *)&sender, &sender_size);
    if (size < 0) return -1;
    struct nlmsghdr *header = (struct nlmsghdr *)buffer;
    // Only the kernel speaks here; others may send to us all the same.
    if (sender.nl_pid != 0 || !NLMSG_OK(header, (size_t)size) || header->nlmsg_type != GENL_ID_VFS_DQUOT) return 0;
    uint32_t type = 0, warning = 0;
    uint64_t excess = UINT64_MAX;
    size_t rest = header->nlmsg_len - NLMSG_HDRLEN;
    char *position = (char *)NLMSG_DATA(header) + GENL_HDRLEN;
    rest = rest > GENL_HDRLEN ? rest - GENL_HDRLEN : 0;
    while (rest >= NLA_HDRLEN) {
        struct nlattr *attribute = (struct nlattr *)position;
        size_t length = attribute->nla_len;
        if (length < NLA_HDRLEN || length > rest) break;
        char *value = position + NLA_HDRLEN;
        size_t value_size = length - NLA_HDRLEN;
        if (attribute->nla_type == QUOTA_NL_A_QTYPE && value_size == 4) memcpy(&type, value, 4);
        if (attribute->nla_type == QUOTA_NL_A_WARNING && value_size == 4) memcpy(&warning, value, 4);
        if (attribute->nla_type == QUOTA_NL_A_EXCESS_ID && value_size == 8) memcpy(&excess, value, 8);
        size_t step = NLA_ALIGN(length);
        if (step > rest) break;
        position += step;
        rest -= step;
    }
    return type == PRJQUOTA && excess == project && (warning == QUOTA_NL_BHARDWARN || warning == QUOTA_NL_IHARDWARN);
}

int altp_loop_attach(int control, int image, int read_only, int *number) {
    // Another process may take the free device before us.
    for (int attempt = 0; attempt < 256; attempt++) {
        int index = ioctl(control, LOOP_CTL_GET_FREE);
        if (index < 0) return -1;
        char path[32];
        snprintf(path, sizeof path, "/dev/loop%d", index);
        int device = open(path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
        if (device < 0) return -1;
        struct loop_config config;
        memset(&config, 0, sizeof config);
        config.fd = (uint32_t)image;
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO | (read_only ? LO_FLAGS_READ_ONLY : 0);
        if (ioctl(device, LOOP_CONFIGURE, &config) == 0) {
            *number = index;
            return device;
        }
        int error = errno;
        close(device);
        errno = error;
        if (error != EBUSY) return -1;
    }
    return -1;
}

static int configure_ext4(int context, const char *device, const char **failed_call) {
    *failed_call = "fsconfig";
    if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", device, 0) != 0 ||
        syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "ro", NULL, 0) != 0 ||
        syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "noload", NULL, 0) != 0)
        return -1;
    *failed_call = "mount";
    if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) return -1;
    *failed_call = "fsmount";
    return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
                        MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

int altp_mount_detached(const char *device, const char **failed_call) {
    *failed_call = "fsopen";
    int context = (int)syscall(SYS_fsopen, "ext4", FSOPEN_CLOEXEC);
    if (context < 0) return -1;
    int result = configure_ext4(context, device, failed_call);
    int error = errno;
    close(context);
    errno = error;
    return result;
}

int altp_copy_sparse(int from, int to) {
    if (ioctl(to, FICLONE, from) == 0) return 0;
    struct stat status;
    if (fstat(from, &status) != 0 || ftruncate(to, status.st_size) != 0) return -1;
    off_t end = 0;
    while (1) {
        off_t start = lseek(from, end, SEEK_DATA);
        if (start < 0) return errno == ENXIO ? 0 : -1;
        end = lseek(from, start, SEEK_HOLE);
        if (end < 0) return -1;
        off_t source = start, target = start;
        while (source < end) {
            ssize_t count = copy_file_range(from, &source, to, &target, (size_t)(end - source), 0);
            if (count < 0) return -1;
            if (count == 0) return 0;
        }
    }
}

int altp_syncfs(int fd) { return syncfs(fd); }

const int altp_cap_sys_resource = CAP_SYS_RESOURCE;
const uint64_t altp_cap_net_admin = (uint64_t)1 << CAP_NET_ADMIN;

int altp_capset(uint64_t permitted, uint64_t effective, uint64_t inheritable) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    for (int half = 0; half < 2; half++) {
        data[half].permitted = (uint32_t)(permitted >> 32 * half);
        data[half].effective = (uint32_t)(effective >> 32 * half);
        data[half].inheritable = (uint32_t)(inheritable >> 32 * half);
    }
    return (int)syscall(SYS_capset, &header, data);
}

int altp_set_effective(int capability, int on) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0) return -1;
    uint32_t bit = CAP_TO_MASK(capability);
    uint32_t *effective = &data[CAP_TO_INDEX(capability)].effective;
    int was = (*effective & bit) != 0;
    if (was == on) return was;
    *effective ^= bit;
    return syscall(SYS_capset, &header, data) == 0 ? was : -1;
}

int altp_raise_ambient(unsigned long capability) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
}

int altp_terminal_number(int master) {
    int unlocked = 0, number = -1;
    if (ioctl(master, TIOCSPTLCK, &unlocked) != 0 || ioctl(master, TIOCGPTN, &number) != 0) return -1;
    return number;
}

enum { most_descriptors = 16 };

union descriptor_message {
    char bytes[CMSG_SPACE(most_descriptors * sizeof(int))];
    struct cmsghdr aligned;
};

ssize_t altp_send_message(int socket, const void *data, size_t size, const int *descriptors, int count) {
    if (count > most_descriptors) {
        errno = EINVAL;
        return -1;
    }
    union descriptor_message control;
    memset(&control, 0, sizeof control);
    struct iovec vector = {(void *)data, size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, (size_t)count * sizeof(int));
    }
    ssize_t sent;
    do {
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t altp_receive_message(int socket, void *data, size_t size, int *descriptors, int *count) {
    union descriptor_message control;
    struct iovec vector = {data, size};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t received;
    do {
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (received < 0 && errno == EINTR);
    *count = 0;
    struct cmsghdr *header = received > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header != NULL && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
        *count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(descriptors, CMSG_DATA(header), (size_t)*count * sizeof(int));
    }
    return received;
}

int altp_send_descriptor(int socket, int descriptor) {
    char byte = 0;
    return altp_send_message(socket, &byte, 1, &descriptor, 1) == 1 ? 0 : -1;
}

int altp_receive_descriptor(int socket) {
    char byte;
    int descriptors[most_descriptors], count;
    if (altp_receive_message(socket, &byte, 1, descriptors, &count) != 1 || count == 0) return -1;
    // One was sent; others, if any, are not ours to keep.
    for (int i = 1; i < count; i++) close(descriptors[i]);
    return descriptors[0];
}

int altp_message_sockets(int ends[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); }

int altp_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int altp_sealed_memory_file(const char *name, const void *data, size_t size) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -1;
    const char *rest = data;
    while (size > 0) {
        ssize_t written = write(file, rest, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) goto failed;
        rest += written;
        size -= (size_t)written;
    }
    if (fcntl(file, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0) return file;
failed:;
    int number = errno;
    close(file);
    errno = number;
    return -1;
}

int altp_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int altp_unshare(uint64_t flags) { return (int)syscall(SYS_unshare, flags); }

int altp_prlimit(pid_t pid, int resource, const struct rlimit *limit) {
    return prlimit(pid, resource, limit, NULL);
}

int altp_setresuid(uid_t uid) { return setresuid(uid, uid, uid); }

int altp_setresgid(gid_t gid) { return setresgid(gid, gid, gid); }

int altp_prctl(int option, unsigned long argument) { return prctl(option, argument, 0, 0, 0); }

int altp_loopback_up(void) {
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    int result = ioctl(descriptor, SIOCSIFFLAGS, &request);
    int error = errno;
    close(descriptor);
    errno = error;
    return result;
}

int altp_setns(int descriptor, uint64_t kind) { return (int)syscall(SYS_setns, descriptor, (int)kind); }

const int altp_netlink_netfilter = NETLINK_NETFILTER;

int altp_has_nf_tables(void) {
    struct {
        struct nlmsghdr header;
        struct nfgenmsg body;
    } question;
    memset(&question, 0, sizeof question);
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETGEN;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    char answer[4096] __attribute__((aligned(8)));
    int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (descriptor < 0) return -1;
    // The kernel answers before send returns.
    ssize_t count = send(descriptor, &question, sizeof question, 0);
    if (count >= 0) count = recv(descriptor, answer, sizeof answer, MSG_DONTWAIT);
    int error = errno;
    close(descriptor);
    const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
    if (count >= (ssize_t)sizeof *header && header->nlmsg_type == NLMSG_ERROR) {
        error = -((const struct nlmsgerr *)NLMSG_DATA(header))->error;
        count = -1;
    }
    errno = error;
    return count < 0 ? -1 : 0;
}

// As in <linux/ipv6.h>, which cannot be included beside the C library's headers.
struct ipv6_interface_request {
    struct in6_addr address;
    uint32_t prefix;
    int index;
};

int altp_interface_ipv6(const char *name, const char *address, const char *gateway) {
    struct ipv6_interface_request own;
    memset(&own, 0, sizeof own);
    own.prefix = 64;
    own.index = (int)if_nametoindex(name);
    struct in6_rtmsg route;
    memset(&route, 0, sizeof route);
    route.rtmsg_metric = 1024;
    route.rtmsg_flags = RTF_UP | RTF_GATEWAY;
    route.rtmsg_ifindex = own.index;
    if (own.index == 0) return -1;
    if (inet_pton(AF_INET6, address, &own.address) != 1 || inet_pton(AF_INET6, gateway, &route.rtmsg_gateway) != 1) {
        errno = EINVAL;
        return -1;
    }
    int descriptor = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    int result = ioctl(descriptor, SIOCSIFADDR, &own);
    if (result == 0) result = ioctl(descriptor, SIOCADDRT, &route);
    int error = errno;
    close(descriptor);
    errno = error;
    return result;
}

int altp_make_device(const char *path, mode_t mode, unsigned major_number, unsigned minor_number) {
    return mknod(path, mode, makedev(major_number, minor_number));
}

const char *altp_error_name(int number) { return strerrorname_np(number); }

int altp_seccomp_has_notification(void) {
    uint32_t action = SECCOMP_RET_USER_NOTIF;
    return (int)syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

int altp_seccomp_install(const void *program, size_t instructions, unsigned flags) {
    struct sock_fprog filter = {(unsigned short)instructions, (struct sock_filter *)program};
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

int altp_seccomp_receive(int listener, struct altp_seccomp_call *call) {
    struct seccomp_notif notification;
    memset(&notification, 0, sizeof notification);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) return -1;
    call->id = notification.id;
    call->pid = notification.pid;
    call->number = notification.data.nr;
    call->architecture = notification.data.arch;
    memcpy(call->arguments, notification.data.args, sizeof call->arguments);
    return 0;
}

int altp_seccomp_answer(int listener, uint64_t id, int error) {
    struct seccomp_notif_resp response;
    memset(&response, 0, sizeof response);
    response.id = id;
    response.error = -error;
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int altp_seccomp_proceed(int listener, uint64_t id) {
    struct seccomp_notif_resp response;
    memset(&response, 0, sizeof response);
    response.id = id;
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int altp_set_idle(pid_t thread, int idle) {
    int priority = 0;
    if (syscall(SYS_sched_setscheduler, thread, idle ? SCHED_IDLE : SCHED_NORMAL, &priority) != 0) return -1;
    int class = idle ? IOPRIO_CLASS_IDLE : IOPRIO_CLASS_NONE;
    return (int)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, thread, IOPRIO_PRIO_VALUE(class, 0));
}

pid_t altp_gettid(void) { return (pid_t)syscall(SYS_gettid); }

int altp_spawn_apart(void *actions, const char *path) {
    int error = posix_spawn_file_actions_addchdir_np(actions, path);
    return error ? error : posix_spawn_file_actions_addclosefrom_np(actions, 3);
}

int altp_limit_heaps(int count) { return mallopt(M_ARENA_MAX, count); }
