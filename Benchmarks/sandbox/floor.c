// What a sandbox costs at the least: a loop that makes, runs and clears away a bare one of /bin/true, with what every
// real one has: namespaces, a tmpfs root with seven bind mounts, control groups with limits, and a seccomp filter.
//
//   floor GROUP
//
// reads lines with a number N, makes N sandboxes one after the other for each, and prints the nanoseconds of each in a
// line. GROUP is a name for groups of its own, which are gone when it ends.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct setting {
    const char *file;
    const char *value;
};

struct group {
    char path[512];
    struct setting settings[3];
};

static struct group groups[4];
static int group_count;
static char root[] = "/tmp/altp-floor-XXXXXX";
static volatile sig_atomic_t stopped;

static void fail(const char *call, const char *subject) {
    fprintf(stderr, "floor: %s %s: %s\n", call, subject, strerror(errno));
    exit(1);
}

// In the child: its parent sees the status.
static void require(int result, const char *call, const char *subject) {
    if (result >= 0) return;
    dprintf(2, "floor: %s %s: %s\n", call, subject, strerror(errno));
    _exit(99);
}

static void add_group(const char *parent, const char *name, struct setting a, struct setting b) {
    struct group *group = &groups[group_count++];
    snprintf(group->path, sizeof group->path, "%s/%s", parent, name);
    group->settings[0] = a;
    group->settings[1] = b;
}

// Four groups of version 1, or one of the unified hierarchy.
static void find_groups(const char *name) {
    static const struct setting none;
    FILE *mounts = fopen("/proc/self/mounts", "r");
    if (!mounts) fail("open", "/proc/self/mounts");
    char line[1024];
    while (fgets(line, sizeof line, mounts)) {
        char place[512], type[64], options[512];
        if (sscanf(line, "%*s %511s %63s %511s", place, type, options) != 3 || strcmp(type, "cgroup") != 0) continue;
        for (char *option = strtok(options, ","); option && group_count < 4; option = strtok(NULL, ",")) {
            if (strcmp(option, "cpu") == 0)
                add_group(place, name, (struct setting){"cpu.cfs_period_us", "100000"},
                          (struct setting){"cpu.cfs_quota_us", "100000"});
            else if (strcmp(option, "cpuacct") == 0)
                add_group(place, name, none, none);
            else if (strcmp(option, "memory") == 0)
                add_group(place, name, (struct setting){"memory.limit_in_bytes", "1073741824"}, none);
            else if (strcmp(option, "pids") == 0)
                add_group(place, name, (struct setting){"pids.max", "64"}, none);
            else
                continue;
            break;
        }
    }
    fclose(mounts);
    if (group_count == 0) {
        add_group("/sys/fs/cgroup", name, (struct setting){"memory.max", "1073741824"},
                  (struct setting){"cpu.max", "100000 100000"});
        groups[0].settings[2] = (struct setting){"pids.max", "64"};
    }
}

static void make_groups(void) {
    for (int i = 0; i < group_count; i++) {
        if (mkdir(groups[i].path, 0755) != 0) fail("mkdir", groups[i].path);
        for (int j = 0; j < 3 && groups[i].settings[j].file; j++) {
            char path[640];
            snprintf(path, sizeof path, "%s/%s", groups[i].path, groups[i].settings[j].file);
            int file = open(path, O_WRONLY | O_CLOEXEC);
            if (file < 0) fail("open", path);
            const char *value = groups[i].settings[j].value;
            if (write(file, value, strlen(value)) < 0) fail("write", path);
            close(file);
        }
    }
}

static void remove_groups(void) {
    for (int i = 0; i < group_count; i++) {
        // A dead process leaves its group a moment after it was reaped.
        for (int try = 0; rmdir(groups[i].path) != 0 && errno == EBUSY && try < 1000; try++) usleep(100);
    }
}

static void make_root(void) {
    static const char *const binds[] = {"/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev"};
    require(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount", "/ as private");
    require(mount("tmpfs", root, "tmpfs", MS_NOSUID, "mode=755,size=4m"), "mount", root);
    require(chdir(root), "chdir", root);
    for (size_t i = 0; i < sizeof binds / sizeof *binds; i++) {
        require(mkdir(binds[i] + 1, 0755), "mkdir", binds[i]);
        require(mount(binds[i], binds[i] + 1, NULL, MS_BIND, NULL), "mount", binds[i]);
    }
    require((int)syscall(SYS_pivot_root, ".", "."), "pivot_root", "");
    require(umount2(".", MNT_DETACH), "umount2", "");
    require(chdir("/"), "chdir", "/");
}

// A few calls are refused, all others go on.
static void install_filter(void) {
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ptrace, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_add_key, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog filter = {sizeof program / sizeof *program, program};
    require(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl", "PR_SET_NO_NEW_PRIVS");
    require((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), "seccomp", "");
}

static void run_one(void) {
    make_groups();
    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNET,
        .exit_signal = SIGCHLD,
    };
    pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (child < 0) fail("clone3", "");
    if (child == 0) {
        for (int i = 0; i < group_count; i++) {
            char path[640];
            snprintf(path, sizeof path, "%s/cgroup.procs", groups[i].path);
            int file = open(path, O_WRONLY | O_CLOEXEC);
            require(file, "open", path);
            require((int)write(file, "0", 1), "write", path);
        }
        make_root();
        install_filter();
        execve("/bin/true", (char *[]){"true", NULL}, (char *[]){NULL});
        require(-1, "execve", "/bin/true");
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    remove_groups();
    if (status != 0) {
        fprintf(stderr, "floor: the sandbox ended with %d\n", status);
        exit(1);
    }
}

static void clean_up(void) {
    remove_groups();
    rmdir(root);
}

static void stop(int signal) { stopped = signal; }

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: floor GROUP\n");
        return 2;
    }
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    find_groups(argv[1]);
    if (!mkdtemp(root)) fail("mkdtemp", root);
    atexit(clean_up);
    char line[32];
    while (!stopped && fgets(line, sizeof line, stdin)) {
        for (int left = atoi(line); left > 0 && !stopped; left--) {
            struct timespec before, after;
            clock_gettime(CLOCK_MONOTONIC, &before);
            run_one();
            clock_gettime(CLOCK_MONOTONIC, &after);
            printf("%lld\n",
                   (long long)(after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec);
        }
        fflush(stdout);
    }
    return 0;
}
