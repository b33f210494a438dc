#ifndef CCURL_SHIM_H
#define CCURL_SHIM_H

#include <curl/curl.h>

/* curl_easy_setopt and curl_easy_getinfo are variadic, which Swift does not see: one function for each type that is
   passed. The parentheses keep curl's checking macro of the same name away, which needs the option as a constant. No logic. */

/* Options that take a text; curl copies it. Not for CURLOPT_POSTFIELDS, which is bytes and not copied. */
static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *text) {
    return (curl_easy_setopt)(handle, option, text);
}
/* Options that take a number or a switch. */
static inline CURLcode ccurl_set_number(CURL *handle, CURLoption option, long number) {
    return (curl_easy_setopt)(handle, option, number);
}
/* Options that take a list of header lines; it must live as long as the handle uses it. */
static inline CURLcode ccurl_set_lines(CURL *handle, CURLoption option, struct curl_slist *lines) {
    return (curl_easy_setopt)(handle, option, lines);
}
/* Options that take an address: bytes to send, the callback's context, the buffer for errors. They must outlive the transfer. */
static inline CURLcode ccurl_set_address(CURL *handle, CURLoption option, const void *address) {
    return (curl_easy_setopt)(handle, option, address);
}
/* CURLOPT_WRITEFUNCTION. */
static inline CURLcode ccurl_set_receiver(CURL *handle, curl_write_callback receiver) {
    return (curl_easy_setopt)(handle, CURLOPT_WRITEFUNCTION, receiver);
}
/* Facts that are a number. */
static inline CURLcode ccurl_get_number(CURL *handle, CURLINFO fact, long *number) {
    return (curl_easy_getinfo)(handle, fact, number);
}
/* Facts that are a text, which belongs to the handle. */
static inline CURLcode ccurl_get_text(CURL *handle, CURLINFO fact, char **text) {
    return (curl_easy_getinfo)(handle, fact, text);
}
/* CURL_GLOBAL_DEFAULT is a macro of macros. */
static inline CURLcode ccurl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

#endif
