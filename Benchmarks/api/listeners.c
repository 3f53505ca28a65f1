// Many clients of the Launcher's stream at a time, and how far behind each is told.
//
//   listeners SOCKET PATH COUNT
//
// opens COUNT connections, prints `ready` when all of them have been answered, and listens until its standard input ends.
// Then it prints the least and the most changes that one client got, and the milliseconds from a change (its `at`) to the
// moment when its bytes were read: the median, the 99th of 100, and the longest.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST_DELAY = 120000, LINE = 1 << 16 };

struct client {
    int descriptor;
    // The head has been read; what follows is in chunks (RFC 9112, section 7.1).
    int answered;
    long chunk;
    char size[24];
    int size_length;
    // The line so far of the message that is being read.
    char *line;
    size_t length;
    long changes;
};

static long delays[MOST_DELAY + 1], told;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "listeners: %s: %s\n", what, why);
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    return (long long)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

// Milliseconds since the epoch of 2026-11-24T12:30:01.123Z.
static long long parsed(const char *text) {
    static char minute[18];
    static long long base;
    if (strncmp(minute, text, 17) != 0) {
        struct tm parts = {0};
        memcpy(minute, text, 17);
        if (!strptime(minute, "%Y-%m-%dT%H:%M:", &parts)) fail("a time that is none", minute);
        base = (long long)timegm(&parts) * 1000;
    }
    char *end;
    return base + (long long)(strtod(text + 17, &end) * 1000 + 0.5);
}

static void end_line(struct client *client, long long at) {
    client->line[client->length] = 0;
    if (strncmp(client->line, "data:", 5) == 0) {
        char *time = strstr(client->line, "\"at\":\"");
        if (time) {
            long long delay = at - parsed(time + 6);
            delays[delay < 0 ? 0 : delay > MOST_DELAY ? MOST_DELAY : delay]++;
            told++;
            client->changes++;
        }
    }
    client->length = 0;
}

static void take_text(struct client *client, const char *bytes, size_t count, long long at) {
    while (count > 0) {
        const char *end = memchr(bytes, '\n', count);
        size_t part = end ? (size_t)(end - bytes) : count;
        if (client->length + part >= LINE) fail("a message", "it is too long");
        memcpy(client->line + client->length, bytes, part);
        client->length += part;
        if (!end) return;
        end_line(client, at);
        bytes += part + 1;
        count -= part + 1;
    }
}

static void take_chunks(struct client *client, const char *bytes, size_t count, long long at) {
    while (count > 0) {
        if (client->chunk > 0) {
            size_t part = count < (size_t)client->chunk ? count : (size_t)client->chunk;
            take_text(client, bytes, part, at);
            bytes += part;
            count -= part;
            client->chunk -= (long)part;
            continue;
        }
        // A line with the size; before it the end of the chunk before.
        char byte = *bytes++;
        count--;
        if (byte == '\r' || (byte == '\n' && client->size_length == 0)) continue;
        if (byte != '\n') {
            if (client->size_length >= (int)sizeof client->size - 1) fail("an answer", "it is not in chunks");
            client->size[client->size_length++] = byte;
            continue;
        }
        client->size[client->size_length] = 0;
        client->size_length = 0;
        client->chunk = strtol(client->size, NULL, 16);
        if (client->chunk == 0) fail("the stream", "it ended");
    }
}

static struct client *open_client(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct client *client = calloc(1, sizeof *client);
    if (!client || !(client->line = malloc(LINE))) fail("memory", strerror(errno));
    if (strlen(path) >= sizeof address.sun_path) fail(path, "too long for a socket");
    strcpy(address.sun_path, path);
    client->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->descriptor < 0) fail("socket", strerror(errno));
    if (connect(client->descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail(path, strerror(errno));
    return client;
}

// Returns 1 when this was the head's end.
static int hear(struct client *client) {
    static char bytes[1 << 18];
    ssize_t count = read(client->descriptor, bytes, sizeof bytes - 1);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (count < 0) fail("read", strerror(errno));
    if (count == 0) fail("read", "the Launcher closed a connection");
    long long at = now();
    if (client->answered) {
        take_chunks(client, bytes, (size_t)count, at);
        return 0;
    }
    bytes[count] = 0;
    char *end = strstr(bytes, "\r\n\r\n");
    if (!end) fail("an answer", "its head came in parts");
    if (strncmp(bytes, "HTTP/1.1 200", 12) != 0) fail("the Launcher refused", bytes);
    client->answered = 1;
    take_chunks(client, end + 4, (size_t)(bytes + count - end - 4), at);
    return 1;
}

static long percentile(double part) {
    long seen = 0;
    for (long delay = 0; delay <= MOST_DELAY; delay++) {
        seen += delays[delay];
        if (seen > 0 && (double)seen >= part * (double)told) return delay;
    }
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: listeners SOCKET PATH COUNT\n");
        return 2;
    }
    int wanted = atoi(argv[3]), answered = 0;
    struct rlimit limit = {(rlim_t)wanted + 64, (rlim_t)wanted + 64};
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit", strerror(errno));
    struct client **clients = calloc((size_t)wanted, sizeof *clients);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    if (!clients || poll < 0) fail("epoll_create1", strerror(errno));
    char request[512];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\nHost: altp\r\nAccept: text/event-stream\r\n\r\n", argv[2]);
    for (int i = 0; i < wanted; i++) {
        clients[i] = open_client(argv[1]);
        if (write(clients[i]->descriptor, request, (size_t)length) != length) fail("write", strerror(errno));
        // One after the other, so that the socket's queue holds them.
        while (!clients[i]->answered) answered += hear(clients[i]);
        fcntl(clients[i]->descriptor, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = clients[i]};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, clients[i]->descriptor, &event) != 0) fail("epoll_ctl", strerror(errno));
    }
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0) fail("epoll_ctl", strerror(errno));
    printf("ready\n");
    fflush(stdout);
    for (int over = 0; !over;) {
        struct epoll_event events[256];
        int count = epoll_wait(poll, events, 256, -1);
        if (count < 0 && errno != EINTR) fail("epoll_wait", strerror(errno));
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr) hear(events[i].data.ptr);
            else over = 1;
        }
    }
    long least = clients[0]->changes, most = least;
    for (int i = 1; i < wanted; i++) {
        if (clients[i]->changes < least) least = clients[i]->changes;
        if (clients[i]->changes > most) most = clients[i]->changes;
    }
    printf("%ld %ld %ld %ld %ld\n", least, most, percentile(0.5), percentile(0.99), percentile(1));
    return 0;
}
