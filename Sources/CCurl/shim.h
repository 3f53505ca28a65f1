#pragma once

#include <curl/curl.h>
#include <stddef.h>
#include <sys/socket.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call.

/// Once, before any other function of the library's.
static inline CURLcode altp_curl_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

/// No process that is started meanwhile gets the socket.
static inline curl_socket_t altp_curl_open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/// Prepares a POST that follows no redirect and speaks nothing but HTTP. `body` and `headers` are not copied: they must stay
/// until the handle is gone. `errors` has room for CURL_ERROR_SIZE bytes.
static inline CURLcode altp_curl_post(
    CURL *handle, const char *url, struct curl_slist *headers, const void *body, size_t size, long milliseconds,
    size_t (*sink)(char *, size_t, size_t, void *), void *context, char *errors) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_URL, url);
    // Signals are for the process's main thread.
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, altp_curl_open_socket);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, milliseconds);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_POST, 1L);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, sink);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, errors);
    if (code == CURLE_OK) code = curl_easy_setopt(handle, CURLOPT_PRIVATE, context);
    return code;
}

static inline void *altp_curl_context(CURL *handle) {
    char *context = NULL;
    curl_easy_getinfo(handle, CURLINFO_PRIVATE, &context);
    return context;
}

/// The answer's status; 0 when there was none.
static inline long altp_curl_status(CURL *handle) {
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

/// Seconds that the answer's Retry-After asks for; 0 when it does not.
static inline long long altp_curl_retry_after(CURL *handle) {
    curl_off_t seconds = 0;
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds);
    return seconds;
}

/// A transfer that is over: its handle and how it ended. NULL when there is none.
static inline CURL *altp_curl_done(CURLM *multi, CURLcode *code) {
    int left = 0;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    while (message && message->msg != CURLMSG_DONE) message = curl_multi_info_read(multi, &left);
    if (!message) return NULL;
    *code = message->data.result;
    return message->easy_handle;
}
