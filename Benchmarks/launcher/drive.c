// A client of the Launcher's API that costs next to nothing, so that what is measured is the Launcher: it keeps its
// connections, and each has one request under way.
//
//   drive SOCKET burst TYPE COUNT CONNECTIONS PREFIX
//
// sends COUNT Events with the keys PREFIX0, PREFIX1, …, and then waits until no Processing is waiting or running. Prints
// the nanoseconds until the last Event was acknowledged, and until the last outcome was visible.
//
//   drive SOCKET latency TYPE COUNT PAUSE PREFIX
//
// sends COUNT Events one after the other, each PAUSE milliseconds after the one before has ended, and prints for each the
// nanoseconds until it was acknowledged, and until the Script's first instruction, which it tells in its log (stamp.c).
//   drive SOCKET paced TYPE COUNT PAUSE PREFIX
//
// sends COUNT Events, one each PAUSE microseconds whatever becomes of them, waits for the end of all, and prints the same.
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER = 1 << 16, MOST = 64 };

struct connection {
    int descriptor;
    size_t length;
    // The answer's body, once it is complete.
    char *body;
    char bytes[ANSWER + 1];
};

static const char *socket_path;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "drive: %s: %s\n", what, why);
    exit(1);
}

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void rest(long long nanoseconds) {
    struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) {}
}

static void open_connection(struct connection *connection) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(socket_path) >= sizeof address.sun_path) fail(socket_path, "too long for a socket");
    strcpy(address.sun_path, socket_path);
    connection->descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connection->descriptor < 0) fail("socket", strerror(errno));
    if (connect(connection->descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail(socket_path, strerror(errno));
}

static void ask(struct connection *connection, const char *request, size_t length) {
    connection->length = 0;
    connection->body = NULL;
    while (length > 0) {
        ssize_t count = write(connection->descriptor, request, length);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) fail("write", strerror(errno));
        request += count;
        length -= (size_t)count;
    }
}

// Takes the bytes that are there. Returns the answer's status when it is complete, else 0.
static int take(struct connection *connection) {
    ssize_t count = read(connection->descriptor, connection->bytes + connection->length, ANSWER - connection->length);
    if (count < 0 && errno == EINTR) return 0;
    if (count < 0) fail("read", strerror(errno));
    if (count == 0) fail("read", "the Launcher closed the connection");
    connection->length += (size_t)count;
    connection->bytes[connection->length] = 0;
    char *end = strstr(connection->bytes, "\r\n\r\n");
    if (!end) return 0;
    char *length = strcasestr(connection->bytes, "\r\nContent-Length:");
    if (!length || length > end) fail("an answer", "it does not tell its length");
    size_t wanted = (size_t)(end + 4 - connection->bytes) + strtoul(length + 17, NULL, 10);
    if (wanted > ANSWER) fail("an answer", "it is too long");
    if (connection->length < wanted) return 0;
    connection->body = end + 4;
    return atoi(connection->bytes + 9);
}

static char *require(struct connection *connection, int status) {
    if (status / 100 != 2) fail("the Launcher refused", connection->body);
    return connection->body;
}

// The body of an answer; the Launcher's error ends everything.
static char *exchange(struct connection *connection, const char *request, size_t length) {
    ask(connection, request, length);
    int status;
    while ((status = take(connection)) == 0) {}
    return require(connection, status);
}

static char *get(struct connection *connection, const char *path) {
    char request[512];
    int length = snprintf(request, sizeof request, "GET /api/v1/%s HTTP/1.1\r\nHost: altp\r\n\r\n", path);
    return exchange(connection, request, (size_t)length);
}

static size_t event(char *request, size_t size, const char *type, const char *prefix, int number) {
    char body[256];
    int length = snprintf(body, sizeof body, "{\"type\":\"%s\",\"key\":\"%s%d\"}", type, prefix, number);
    return (size_t)snprintf(request, size,
                            "POST /api/v1/events HTTP/1.1\r\nHost: altp\r\nContent-Type: application/json\r\n"
                            "Content-Length: %d\r\n\r\n%s", length, body);
}

// The Processing that an Event caused.
static long long processing(const char *receipt) {
    const char *list = strstr(receipt, "\"processings\":[");
    if (!list) fail("an Event's receipt", receipt);
    long long id = strtoll(list + 15, NULL, 10);
    if (id <= 0) fail("an Event caused nothing", receipt);
    return id;
}

static int has_ended(struct connection *connection, long long id) {
    char path[64];
    snprintf(path, sizeof path, "processings/%lld", id);
    const char *body = get(connection, path);
    return !strstr(body, "\"status\":\"waiting\"") && !strstr(body, "\"status\":\"running\"");
}

// Until it asks again: each question is work for the Launcher, beside what is measured. The end is then known to a two
// hundredth.
static long long pause_after(long long began) {
    long long pause = (now() - began) / 200;
    return pause < 2000000 ? 2000000 : pause;
}

static void burst(const char *type, int count, int width, const char *prefix) {
    static struct connection connections[MOST];
    struct pollfd polled[MOST];
    char request[1024];
    if (width < 1 || width > MOST) fail("connections", "1 to 64");
    if (width > count) width = count;
    for (int i = 0; i < width; i++) {
        open_connection(&connections[i]);
        polled[i] = (struct pollfd){connections[i].descriptor, POLLIN, 0};
    }
    int sent = 0, answered = 0;
    long long last = 0, began = now();
    for (int i = 0; i < width; i++) ask(&connections[i], request, event(request, sizeof request, type, prefix, sent++));
    while (answered < count) {
        if (poll(polled, (nfds_t)width, -1) < 0 && errno != EINTR) fail("poll", strerror(errno));
        for (int i = 0; i < width; i++) {
            if (!polled[i].revents) continue;
            int status = take(&connections[i]);
            if (status == 0) continue;
            long long id = processing(require(&connections[i], status));
            if (id > last) last = id;
            answered++;
            if (sent < count)
                ask(&connections[i], request, event(request, sizeof request, type, prefix, sent++));
        }
    }
    long long acknowledged = now();
    // The last one's end is looked for first: that costs the Launcher least. Then there must be no other.
    while (!has_ended(&connections[0], last)) rest(pause_after(began));
    while (!strstr(get(&connections[0], "processings?status=waiting&status=running&limit=1"), "\"items\":[]"))
        rest(pause_after(began));
    printf("%lld %lld\n", acknowledged - began, now() - began);
}

// The clock at its first instruction, as the Script told it.
static long long executed(struct connection *connection, long long id) {
    char path[128];
    snprintf(path, sizeof path, "processings/%lld/scripts/stamp/attempts/1/log", id);
    long long time = strtoll(get(connection, path), NULL, 10);
    if (time == 0) fail("the Script's log", connection->body);
    return time;
}

static void latency(const char *type, int count, int pause, const char *prefix) {
    static struct connection connection;
    char request[1024];
    open_connection(&connection);
    for (int i = 0; i < count; i++) {
        rest((long long)pause * 1000000);
        size_t length = event(request, sizeof request, type, prefix, i);
        long long began = now();
        long long id = processing(exchange(&connection, request, length));
        long long acknowledged = now();
        // Not asked while the Script starts: that would be a load of its own.
        rest(30000000);
        while (!has_ended(&connection, id)) rest(5000000);
        printf("%lld %lld\n", acknowledged - began, executed(&connection, id) - began);
        fflush(stdout);
    }
}

static void paced(const char *type, int count, int pause, const char *prefix) {
    struct sent { long long began, acknowledged, id; } *events = calloc((size_t)count, sizeof *events);
    static struct connection connection;
    char request[1024];
    if (!events) fail("memory", strerror(errno));
    open_connection(&connection);
    long long start = now();
    for (int i = 0; i < count; i++) {
        long long due = start + (long long)i * pause * 1000;
        if (due > now()) rest(due - now());
        size_t length = event(request, sizeof request, type, prefix, i);
        events[i].began = now();
        events[i].id = processing(exchange(&connection, request, length));
        events[i].acknowledged = now();
    }
    for (int i = count; i-- > 0;)
        while (!has_ended(&connection, events[i].id)) rest(5000000);
    for (int i = 0; i < count; i++)
        printf("%lld %lld\n", events[i].acknowledged - events[i].began, executed(&connection, events[i].id) - events[i].began);
    free(events);
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: drive SOCKET burst TYPE COUNT CONNECTIONS PREFIX\n"
                        "       drive SOCKET latency TYPE COUNT PAUSE PREFIX\n"
                        "       drive SOCKET paced TYPE COUNT PAUSE PREFIX\n");
        return 2;
    }
    socket_path = argv[1];
    if (strcmp(argv[2], "burst") == 0)
        burst(argv[3], atoi(argv[4]), atoi(argv[5]), argv[6]);
    else if (strcmp(argv[2], "paced") == 0)
        paced(argv[3], atoi(argv[4]), atoi(argv[5]), argv[6]);
    else
        latency(argv[3], atoi(argv[4]), atoi(argv[5]), argv[6]);
    return 0;
}
