#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

/* Functions in the place of macros, which Swift does not see. No logic. */

/* The stacks' functions are macros with casts. */
static inline int copenssl_algorithm_count(const STACK_OF(X509_ALGOR) *stack) { return sk_X509_ALGOR_num(stack); }
static inline X509_ALGOR *copenssl_algorithm(const STACK_OF(X509_ALGOR) *stack, int index) { return sk_X509_ALGOR_value(stack, index); }
static inline int copenssl_signer_count(const STACK_OF(PKCS7_SIGNER_INFO) *stack) { return sk_PKCS7_SIGNER_INFO_num(stack); }
static inline PKCS7_SIGNER_INFO *copenssl_signer(const STACK_OF(PKCS7_SIGNER_INFO) *stack, int index) {
    return sk_PKCS7_SIGNER_INFO_value(stack, index);
}
static inline int copenssl_text_count(const STACK_OF(ASN1_UTF8STRING) *stack) { return sk_ASN1_UTF8STRING_num(stack); }
static inline ASN1_UTF8STRING *copenssl_text(const STACK_OF(ASN1_UTF8STRING) *stack, int index) {
    return sk_ASN1_UTF8STRING_value(stack, index);
}

/* OPENSSL_malloc and OPENSSL_free are macros that add file and line. */
static inline void *copenssl_allocate(size_t count) { return OPENSSL_malloc(count); }
static inline void copenssl_free(void *bytes) { OPENSSL_free(bytes); }

/* A combination of macros with casts: RFC 2253, but letters beyond ASCII as themselves. */
static inline unsigned long copenssl_name_format(void) { return XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB; }

#endif
