// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

// Keys are made by a variadic function.
static inline EVP_PKEY *martlet_make_p256_key(void) { return EVP_EC_gen("P-256"); }
