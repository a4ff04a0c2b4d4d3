// SPDX-License-Identifier: Apache-2.0
#pragma once
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

// curl_easy_setopt is variadic: one function for each type that it takes.
static inline CURLcode martlet_curl_set_text(CURL *curl, CURLoption option, const char *value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode martlet_curl_set_number(CURL *curl, CURLoption option, long value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode martlet_curl_set_size(CURL *curl, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(curl, option, value);
}

static inline CURLcode martlet_curl_set_pointer(CURL *curl, CURLoption option, void *value) {
    return curl_easy_setopt(curl, option, value);
}

// Enumerations in some versions, macros in others.
static const long MARTLET_CURL_USE_SSL_ALL = CURLUSESSL_ALL;
static const long MARTLET_CURL_CREATE_FOLDERS = CURLFTP_CREATE_DIR_RETRY;
static const long MARTLET_CURL_TLS_1_2_ONLY = CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2;
static const long MARTLET_CURL_AUTH_KEY = CURLSSH_AUTH_PUBLICKEY;
static const long MARTLET_CURL_AUTH_PASSWORD = CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD;

static inline curl_off_t martlet_curl_length(CURL *curl) {
    curl_off_t length = -1;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    return length;
}

static inline void martlet_curl_set_read(CURL *curl, size_t (*body)(char *, size_t, size_t, void *), void *data) {
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, body);
    curl_easy_setopt(curl, CURLOPT_READDATA, data);
}

static inline void martlet_curl_set_seek(CURL *curl, int (*body)(void *, curl_off_t, int), void *data) {
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, body);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, data);
}

static inline void martlet_curl_set_write(CURL *curl, size_t (*body)(char *, size_t, size_t, void *), void *data) {
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, data);
    // What commands answer comes as headers.
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, body);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, data);
}

static inline void martlet_curl_set_progress(
    CURL *curl, int (*body)(void *, curl_off_t, curl_off_t, curl_off_t, curl_off_t), void *data
) {
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, body);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, data);
}

/// Asks `body` about the key that an SSH server shows, as it goes over the wire; 0 takes it.
static inline void martlet_curl_set_host_key(
    CURL *curl, int (*body)(void *, int, const char *, size_t), void *data
) {
    curl_easy_setopt(curl, CURLOPT_SSH_HOSTKEYFUNCTION, body);
    curl_easy_setopt(curl, CURLOPT_SSH_HOSTKEYDATA, data);
}

/// Tells `body` of the key that an SSH server shows where a file says which ones are known: Base64 if its length is 0.
static inline void martlet_curl_set_known_key(
    CURL *curl, int (*body)(CURL *, const struct curl_khkey *, const struct curl_khkey *, enum curl_khmatch, void *),
    void *data
) {
    curl_easy_setopt(curl, CURLOPT_SSH_KEYFUNCTION, body);
    curl_easy_setopt(curl, CURLOPT_SSH_KEYDATA, data);
}

/// Which certificate a server is to show.
struct martlet_certificate_pin {
    /// Whether it is to be `wanted`; else somebody has to vouch for it.
    int is_pinned;
    unsigned char wanted[32];
    /// Of a certificate that was not taken.
    int is_refused;
    unsigned char refused[32];
};

static inline int martlet_check_certificate(X509_STORE_CTX *context, void *data) {
    struct martlet_certificate_pin *pin = (struct martlet_certificate_pin *)data;
    unsigned char found[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    X509 *leaf = X509_STORE_CTX_get0_cert(context);
    if (!leaf || !X509_digest(leaf, EVP_sha256(), found, &length) || length != 32) return 0;
    int is_good = pin->is_pinned ? memcmp(found, pin->wanted, 32) == 0 : X509_verify_cert(context) == 1;
    if (is_good) {
        if (pin->is_pinned) X509_STORE_CTX_set_error(context, X509_V_OK);
        return 1;
    }
    pin->is_refused = 1;
    memcpy(pin->refused, found, 32);
    if (pin->is_pinned) X509_STORE_CTX_set_error(context, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static inline CURLcode martlet_prepare_tls(CURL *curl, void *context, void *data) {
    (void)curl;
    SSL_CTX_set_cert_verify_callback((SSL_CTX *)context, martlet_check_certificate, data);
    return CURLE_OK;
}

/// Has certificates checked against a pin, which must last as long as `curl` does.
static inline void martlet_curl_set_certificate(CURL *curl, struct martlet_certificate_pin *pin) {
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, martlet_prepare_tls);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, (void *)pin);
    if (!pin->is_pinned) return;
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    // Nobody's word is needed, and a device may have no list of those who vouch.
    curl_easy_setopt(curl, CURLOPT_CAINFO, (char *)0);
    curl_easy_setopt(curl, CURLOPT_CAPATH, (char *)0);
}

/// Whether libcurl was built with a protocol.
static inline int martlet_curl_speaks(const char *protocol) {
    const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
    for (const char *const *each = info->protocols; *each; each++) {
        if (strcmp(*each, protocol) == 0) return 1;
    }
    return 0;
}
