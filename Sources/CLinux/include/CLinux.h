#pragma once

// System calls, structures and macros that Swift cannot import: variadic functions, function-like macros,
// calls without a glibc wrapper. Every function returns what the system call returns, with errno set.

#include <linux/types.h>
#include <stddef.h>
#include <linux/prctl.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/types.h>
#include <sys/vfs.h>
#include <sys/xattr.h>

// clone3(2) with the namespaces of `flags`, then execve(2) of `path` in the child.
//
// For a multi-threaded parent: the child shares its memory and the calling thread is suspended until the exec
// (CLONE_VM | CLONE_VFORK), so nothing is copied, and only async-signal-safe code runs in between.
// In the child: descriptors[i] becomes descriptor i and all others are closed; every signal is at its default,
// and none is blocked but SIGTERM and SIGCHLD, so that pid 1 finds those that come before it looks; the process
// leads a session of its own.
// `cgroup` is a directory of the unified hierarchy for the child to start in, or -1.
// Returns the pid and stores a pidfd, or -1 with errno and, in `failed_call`, the name of what failed.
pid_t altp_spawn(const char *path, char *const argv[], char *const envp[], const int *descriptors, int count,
                 uint64_t flags, int cgroup, int *pidfd, const char **failed_call);

// clone3(2) as fork: the child returns 0 here, with a copy of the memory. For a single-threaded parent only.
pid_t altp_fork(uint64_t flags, int cgroup);
// The same in no group of its own, with a pidfd for the parent.
pid_t altp_fork_watched(uint64_t flags, int *pidfd);

// A process without a sandbox: what it is before its command is executed. Of the paths, the first that can be executed is.
struct altp_bare {
    char *const *paths;
    char *const *argv;
    char *const *envp;
    const char *directory;
    uid_t uid;
    gid_t gid;
    int input, output;
    const int *resources;
    const struct rlimit *limits;
    int limit_count;
};
// clone3(2) and execve(2) as in altp_spawn, for a single-threaded parent. The child leads a session, has these three
// descriptors and no others, and is killed when its parent ends; it has no groups beside `gid`, cannot become another user
// any more, and every signal is at its default.
// Returns the pid, or -1 with errno and, in `failed_call`, the name of what failed.
pid_t altp_spawn_bare(const struct altp_bare *bare, const char **failed_call);

int altp_pidfd_open(pid_t pid);
int altp_pidfd_send_signal(int pidfd, int signal);
int altp_pidfd_getfd(int pidfd, int fd);
int altp_close_range(unsigned first, unsigned last);
// Descriptors from this one on are closed by the next exec (CLOSE_RANGE_CLOEXEC). 0 or -1 with errno.
int altp_close_on_exec(unsigned first);
int altp_pivot_root(const char *new_root, const char *put_old);
int altp_open_tree(int directory, const char *path, unsigned flags);
int altp_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned flags);
int altp_mount_setattr(int directory, const char *path, unsigned flags, uint64_t set, uint64_t clear, int userns);
// openat2(2): `resolve` is a set of RESOLVE_ flags.
int altp_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
// renameat2(2) that replaces nothing (EEXIST).
int altp_rename_exclusively(int from, const char *from_path, int to, const char *to_path);
// Clears the immutable and append-only flags (FS_IOC_SETFLAGS, ioctl_iflags(2)); 0 or -1.
int altp_clear_protection(int fd);

// Project quotas (quotactl(2)) of the file system that `fd` lies on. Limits and usage are in bytes and inodes; 0 as a limit
// is none.
// 1 when limits are held to, 0 when usage is only counted, -1 when there is no such quota.
int altp_quota_is_enforced(int fd);
int altp_quota_usage(int fd, uint32_t project, uint64_t *bytes, uint64_t *inodes);
int altp_quota_limit(int fd, uint32_t project, uint64_t bytes, uint64_t inodes);
// The first project from this number on of which the file system knows anything; whether it has a limit, and whether anything
// counts for it, as 1 and 0. -1 when there is none.
int altp_quota_next(int fd, uint32_t from, uint32_t *project, int *is_limited, int *is_used);
// Makes a directory, and all that is made in it from now on, count for a project (FS_IOC_FSSETXATTR, ioctl_xfs_fsgetxattr(2)).
int altp_project_set(int fd, uint32_t project);

// A netlink socket on which the kernel tells of refusals by quotas, of all file systems (Documentation/filesystems/quota.rst);
// only in the initial network namespace. Or -1.
int altp_quota_events(void);
// Takes one message: 1 when this project was refused blocks or inodes, 0 for any other, -1 when there is none.
int altp_quota_event(int descriptor, uint32_t project);

// Attaches an image to a free loop device that goes with its last user (loop(4)). `control` is /dev/loop-control. One that
// is read-only needs an image that is open for reading alone.
// Returns the device's descriptor and stores its number, or -1.
int altp_loop_attach(int control, int image, int read_only, int *number);
// Mounts a device's ext4 file system read-only where nothing sees it (fsopen(2), fsmount(2)): the mount goes with the last
// descriptor in it. Returns a descriptor of its root, or -1 and, in `failed_call`, the name of what failed.
int altp_mount_detached(const char *device, const char **failed_call);
// Copies a file into another that is empty: by sharing blocks where the file system can (ioctl_ficlonerange(2)), else what is
// no hole; 0 or -1.
int altp_copy_sparse(int from, int to);

// syncfs(2): writes the whole file system back.
int altp_syncfs(int fd);

// What a thread does is of no hurry: it gets the processor and the disk when nobody else wants them (SCHED_IDLE and the idle
// class of ioprio_set(2)); or, with 0, as everybody. 0 or -1 with errno.
int altp_set_idle(pid_t thread, int idle);
pid_t altp_gettid(void);
// capset(2): bit n is capability n, see capabilities(7).
int altp_capset(uint64_t permitted, uint64_t effective, uint64_t inheritable);
extern const uint64_t altp_cap_net_admin;
// Sets (1) or clears (0) one bit of what is effective, by capget(2) and capset(2). Returns what it was.
extern const int altp_cap_sys_resource;
int altp_set_effective(int capability, int on);
// prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE).
int altp_raise_ambient(unsigned long capability);
// Unlocks the terminal whose master this is (TIOCSPTLCK, TIOCGPTN of ioctl_tty(2)) and gives its number in the devpts, or -1.
int altp_terminal_number(int master);
// sendmsg(2) and recvmsg(2) of one descriptor over a socket (SCM_RIGHTS). Receiving waits, and gives the descriptor, or -1.
int altp_send_descriptor(int socket, int descriptor);
int altp_receive_descriptor(int socket);
// The same of a message with up to 16 descriptors. Receiving waits, stores the descriptors and their number, and gives the
// message's size, 0 at the end, or -1.
ssize_t altp_send_message(int socket, const void *data, size_t size, const int *descriptors, int count);
ssize_t altp_receive_message(int socket, void *data, size_t size, int *descriptors, int *count);
// socketpair(2) that keeps the bounds of messages.
int altp_message_sockets(int ends[2]);
int altp_memory_file(const char *name);
// memfd_create(2) with this content, which nobody can change any more (F_ADD_SEALS of fcntl(2)).
int altp_sealed_memory_file(const char *name, const void *data, size_t size);
int altp_pipe(int ends[2]);
int altp_unshare(uint64_t flags);
int altp_prlimit(pid_t pid, int resource, const struct rlimit *limit);
int altp_setresuid(uid_t uid);
int altp_setresgid(gid_t gid);
int altp_prctl(int option, unsigned long argument);
int altp_loopback_up(void);
int altp_setns(int descriptor, uint64_t kind);
extern const int altp_netlink_netfilter;
// Whether the kernel has nf_tables, which this loads where it is a module (NFT_MSG_GETGEN); 0 or -1.
int altp_has_nf_tables(void);
// Gives an interface an IPv6 address with a prefix of 64 and a default route through a gateway.
int altp_interface_ipv6(const char *name, const char *address, const char *gateway);
// mknod(2); `mode` says which kind.
int altp_make_device(const char *path, mode_t mode, unsigned major, unsigned minor);

// Whether the kernel has SECCOMP_RET_USER_NOTIF; 0 or -1.
int altp_seccomp_has_notification(void);

// Installs a filter (`instructions` of eight bytes each) with SECCOMP_FILTER_FLAG_NEW_LISTENER and these flags, and returns
// the listener's descriptor, or -1.
int altp_seccomp_install(const void *program, size_t instructions, unsigned flags);
extern const int altp_sys_socket;
// `EPERM`; null for what is no error number.
const char *altp_error_name(int number);

struct altp_seccomp_call {
    uint64_t id;
    uint32_t pid;
    int32_t number;
    uint32_t architecture;
    uint64_t arguments[6];
};
// Waits for a notification; 0 or -1.
int altp_seccomp_receive(int listener, struct altp_seccomp_call *call);
// Answers with -error; 0 or -1.
int altp_seccomp_answer(int listener, uint64_t id, int error);
// Answers with SECCOMP_USER_NOTIF_FLAG_CONTINUE; 0 or -1.
int altp_seccomp_proceed(int listener, uint64_t id);

// Has a process that is spawned begin in a directory, and with no descriptor but the first three, whatever a library has
// opened in this one without O_CLOEXEC; an error number or 0. `actions` is a posix_spawn_file_actions_t, whose
// header would make types of glibc this module's.
int altp_spawn_apart(void *actions, const char *path);

// mallopt(3): memory comes from so many heaps, and not from one for each of many threads.
int altp_limit_heaps(int count);

// Constants of headers that need _GNU_SOURCE, or of <linux/sched.h>.
extern const uint64_t altp_clone_newuser, altp_clone_newns, altp_clone_newpid, altp_clone_newnet, altp_clone_newipc,
    altp_clone_newuts, altp_clone_newcgroup;
extern const int altp_o_path, altp_o_noatime;
extern const short altp_poll_rdhup;
extern const unsigned altp_open_tree_clone, altp_at_recursive, altp_at_empty_path, altp_move_mount_f_empty_path,
    altp_move_mount_t_empty_path;
extern const uint64_t altp_mount_attr_rdonly, altp_mount_attr_nosuid, altp_mount_attr_nodev, altp_mount_attr_noexec,
    altp_mount_attr_idmap;
extern const uint64_t altp_resolve_no_symlinks, altp_resolve_no_xdev, altp_resolve_beneath;
