// Runs a command N times, one after the other, with its output thrown away, and prints the nanoseconds of each run:
//
//   stopwatch N COMMAND ARGUMENT…
//
// An argument @ becomes a name that no other run has: containers need one. Ends with 1 when a run does not end with 0.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static volatile sig_atomic_t child;

// The command is in our session, and hears of a Ctrl-C itself; a plain kill is passed on.
static void pass_on(int signal) {
    if (child > 0) kill(child, signal);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fprintf(stderr, "usage: stopwatch N COMMAND ARGUMENT…\n");
        return 2;
    }
    struct sigaction action = {.sa_handler = pass_on};
    sigaction(SIGTERM, &action, NULL);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int run = 0; run < atoi(argv[1]); run++) {
        char name[64];
        char *command[64] = {0};
        snprintf(name, sizeof name, "altp-bench-%d-%d", getpid(), run);
        for (int i = 2; i < argc && i < 64; i++) command[i - 2] = strcmp(argv[i], "@") == 0 ? name : argv[i];
        struct timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        pid_t pid;
        int error = posix_spawnp(&pid, command[0], &actions, NULL, command, environ);
        if (error != 0) {
            fprintf(stderr, "stopwatch: execute %s: %s\n", command[0], strerror(error));
            return 1;
        }
        child = pid;
        int status;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
        child = 0;
        clock_gettime(CLOCK_MONOTONIC, &after);
        if (status != 0) {
            fprintf(stderr, "stopwatch: %s ended with %d\n", command[0],
                    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
            return 1;
        }
        printf("%lld\n", (long long)(after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec - before.tv_nsec);
    }
    return 0;
}
