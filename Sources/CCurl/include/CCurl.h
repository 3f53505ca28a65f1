#pragma once

// libcurl, loaded when it is first needed: it brings a dozen libraries along, and most Launchers tell nobody by the web.
// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift could not call anyway. Each function is the library's of
// that name, unless it says more.

#include <curl/curl.h>
#include <stddef.h>

/// Loads and initialises the library, once, before any other function.
///
/// Returns NULL, or why it cannot be, which stays valid until the next call.
const char *altp_curl_load(void);

CURLM *altp_curl_multi_init(void);
void altp_curl_multi_cleanup(CURLM *multi);
CURLMcode altp_curl_multi_add(CURLM *multi, CURL *handle);
void altp_curl_multi_remove(CURLM *multi, CURL *handle);
void altp_curl_multi_perform(CURLM *multi, int *running);
void altp_curl_multi_poll(CURLM *multi, int milliseconds);
/// From any thread.
void altp_curl_multi_wakeup(CURLM *multi);

CURL *altp_curl_easy_init(void);
void altp_curl_easy_cleanup(CURL *handle);
const char *altp_curl_text(CURLcode code);

struct curl_slist *altp_curl_append(struct curl_slist *list, const char *text);
void altp_curl_free(struct curl_slist *list);

/// Prepares a POST that follows no redirect and speaks nothing but HTTP. `body` and `headers` are not copied: they must stay
/// until the handle is gone. `errors` has room for CURL_ERROR_SIZE bytes.
CURLcode altp_curl_post(
    CURL *handle, const char *url, struct curl_slist *headers, const void *body, size_t size, long milliseconds,
    size_t (*sink)(char *, size_t, size_t, void *), void *context, char *errors);

/// What `altp_curl_post` was given.
void *altp_curl_context(CURL *handle);

/// The answer's status; 0 when there was none.
long altp_curl_status(CURL *handle);

/// Seconds that the answer's Retry-After asks for; 0 when it does not.
long long altp_curl_retry_after(CURL *handle);

/// A transfer that is over: its handle and how it ended. NULL when there is none.
CURL *altp_curl_done(CURLM *multi, CURLcode *code);
