#define _GNU_SOURCE
#include "include/CCurl.h"

#include <dlfcn.h>
#include <sys/socket.h>

// The library's own macros check the types of variadic calls by names that are not linked here.
#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct {
    __typeof__(&curl_global_init) global_init;
    __typeof__(&curl_multi_init) multi_init;
    __typeof__(&curl_multi_cleanup) multi_cleanup;
    __typeof__(&curl_multi_add_handle) multi_add_handle;
    __typeof__(&curl_multi_remove_handle) multi_remove_handle;
    __typeof__(&curl_multi_perform) multi_perform;
    __typeof__(&curl_multi_poll) multi_poll;
    __typeof__(&curl_multi_wakeup) multi_wakeup;
    __typeof__(&curl_multi_info_read) multi_info_read;
    __typeof__(&curl_easy_init) easy_init;
    __typeof__(&curl_easy_cleanup) easy_cleanup;
    __typeof__(&curl_easy_strerror) easy_strerror;
    __typeof__(&curl_easy_setopt) easy_setopt;
    __typeof__(&curl_easy_getinfo) easy_getinfo;
    __typeof__(&curl_slist_append) slist_append;
    __typeof__(&curl_slist_free_all) slist_free_all;
} curl;

const char *altp_curl_load(void) {
    // The name that each libcurl since 2006 has, whatever it makes TLS with.
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
    const struct {
        const char *name;
        void **place;
    } functions[] = {
        {"curl_global_init", (void **)&curl.global_init},
        {"curl_multi_init", (void **)&curl.multi_init},
        {"curl_multi_cleanup", (void **)&curl.multi_cleanup},
        {"curl_multi_add_handle", (void **)&curl.multi_add_handle},
        {"curl_multi_remove_handle", (void **)&curl.multi_remove_handle},
        {"curl_multi_perform", (void **)&curl.multi_perform},
        {"curl_multi_poll", (void **)&curl.multi_poll},
        {"curl_multi_wakeup", (void **)&curl.multi_wakeup},
        {"curl_multi_info_read", (void **)&curl.multi_info_read},
        {"curl_easy_init", (void **)&curl.easy_init},
        {"curl_easy_cleanup", (void **)&curl.easy_cleanup},
        {"curl_easy_strerror", (void **)&curl.easy_strerror},
        {"curl_easy_setopt", (void **)&curl.easy_setopt},
        {"curl_easy_getinfo", (void **)&curl.easy_getinfo},
        {"curl_slist_append", (void **)&curl.slist_append},
        {"curl_slist_free_all", (void **)&curl.slist_free_all},
    };
    for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
        *functions[index].place = dlsym(library, functions[index].name);
        if (!*functions[index].place) return dlerror();
    }
    return curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? NULL : "it cannot be initialised";
}

CURLM *altp_curl_multi_init(void) { return curl.multi_init(); }

void altp_curl_multi_cleanup(CURLM *multi) { curl.multi_cleanup(multi); }

CURLMcode altp_curl_multi_add(CURLM *multi, CURL *handle) { return curl.multi_add_handle(multi, handle); }

void altp_curl_multi_remove(CURLM *multi, CURL *handle) { curl.multi_remove_handle(multi, handle); }

void altp_curl_multi_perform(CURLM *multi, int *running) { curl.multi_perform(multi, running); }

void altp_curl_multi_poll(CURLM *multi, int milliseconds) { curl.multi_poll(multi, NULL, 0, milliseconds, NULL); }

void altp_curl_multi_wakeup(CURLM *multi) { curl.multi_wakeup(multi); }

CURL *altp_curl_easy_init(void) { return curl.easy_init(); }

void altp_curl_easy_cleanup(CURL *handle) { curl.easy_cleanup(handle); }

const char *altp_curl_text(CURLcode code) { return curl.easy_strerror(code); }

struct curl_slist *altp_curl_append(struct curl_slist *list, const char *text) { return curl.slist_append(list, text); }

void altp_curl_free(struct curl_slist *list) { curl.slist_free_all(list); }

// No process that is started meanwhile gets the socket.
static curl_socket_t altp_curl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode altp_curl_post(
    CURL *handle, const char *url, struct curl_slist *headers, const void *body, size_t size, long milliseconds,
    size_t (*sink)(char *, size_t, size_t, void *), void *context, char *errors) {
    CURLcode code = curl.easy_setopt(handle, CURLOPT_URL, url);
    // Signals are for the process's main thread.
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, altp_curl_open_socket);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_TIMEOUT_MS, milliseconds);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_POST, 1L);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_POSTFIELDS, body);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_WRITEFUNCTION, sink);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_WRITEDATA, context);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_ERRORBUFFER, errors);
    if (code == CURLE_OK) code = curl.easy_setopt(handle, CURLOPT_PRIVATE, context);
    return code;
}

void *altp_curl_context(CURL *handle) {
    char *context = NULL;
    curl.easy_getinfo(handle, CURLINFO_PRIVATE, &context);
    return context;
}

long altp_curl_status(CURL *handle) {
    long status = 0;
    curl.easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

long long altp_curl_retry_after(CURL *handle) {
    curl_off_t seconds = 0;
    curl.easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds);
    return seconds;
}

CURL *altp_curl_done(CURLM *multi, CURLcode *code) {
    int left = 0;
    CURLMsg *message = curl.multi_info_read(multi, &left);
    while (message && message->msg != CURLMSG_DONE) message = curl.multi_info_read(multi, &left);
    if (!message) return NULL;
    *code = message->data.result;
    return message->easy_handle;
}
