// The programs whose slow-down in a sandbox is measured. Each prints the nanoseconds that it took, without its start:
//
//   workload cpu | files DIRECTORY | stream DIRECTORY | forks
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void require(long result, const char *call, const char *subject) {
    if (result >= 0) return;
    fprintf(stderr, "workload: %s %s: %s\n", call, subject, strerror(errno));
    exit(1);
}

// Arithmetic in registers and in a quarter of a mebibyte.
static void compute(void) {
    static uint32_t table[65536];
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 80000000; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        table[state & 65535] += (uint32_t)state;
    }
    volatile uint32_t sink = table[state & 65535];
    (void)sink;
}

// A thousand small files at a time, three times: create and write, stat, read, unlink.
static void use_files(void) {
    enum { files = 1000, rounds = 3, size = 4096 };
    static char content[size];
    for (int round = 0; round < rounds; round++) {
        char name[32];
        for (int i = 0; i < files; i++) {
            snprintf(name, sizeof name, "f%d", i);
            int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
            require(file, "open", name);
            require(write(file, content, size), "write", name);
            close(file);
        }
        for (int i = 0; i < files; i++) {
            struct stat status;
            snprintf(name, sizeof name, "f%d", i);
            require(stat(name, &status), "stat", name);
        }
        for (int i = 0; i < files; i++) {
            snprintf(name, sizeof name, "f%d", i);
            int file = open(name, O_RDONLY | O_CLOEXEC);
            require(file, "open", name);
            require(read(file, content, size), "read", name);
            close(file);
        }
        for (int i = 0; i < files; i++) {
            snprintf(name, sizeof name, "f%d", i);
            require(unlink(name), "unlink", name);
        }
    }
}

// A file of 128M written in sequence, read twice, and removed before it has to reach the disk.
static void stream(void) {
    enum { size = 1 << 20, parts = 128 };
    static char buffer[size];
    memset(buffer, 1, size);
    int file = open("stream", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    require(file, "open", "stream");
    for (int i = 0; i < parts; i++) require(write(file, buffer, size), "write", "stream");
    for (int round = 0; round < 2; round++) {
        require(lseek(file, 0, SEEK_SET), "lseek", "stream");
        for (int i = 0; i < parts; i++) require(read(file, buffer, size), "read", "stream");
    }
    require(unlink("stream"), "unlink", "stream");
    close(file);
}

static void start_processes(void) {
    char *arguments[] = {"true", NULL};
    for (int i = 0; i < 400; i++) {
        pid_t pid;
        int error = posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ);
        errno = error;
        require(-error, "posix_spawn", "/bin/true");
        require(waitpid(pid, NULL, 0), "waitpid", "");
    }
}

int main(int argc, char **argv) {
    const char *kind = argc > 1 ? argv[1] : "";
    if (argc > 2) require(chdir(argv[2]), "chdir", argv[2]);
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (strcmp(kind, "cpu") == 0) compute();
    else if (strcmp(kind, "files") == 0) use_files();
    else if (strcmp(kind, "stream") == 0) stream();
    else if (strcmp(kind, "forks") == 0) start_processes();
    else {
        fprintf(stderr, "usage: workload cpu | files DIRECTORY | stream DIRECTORY | forks\n");
        return 2;
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("%lld\n", (long long)(after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec);
    return 0;
}
