// SPDX-License-Identifier: Apache-2.0

/// A TOML document as a tree of plain C structs, parsed by toml++.
///
/// Lines and columns count from 1; a column counts code points, not bytes. Text is UTF-8, not NUL-terminated
/// (a TOML string may hold NULs), and lives as long as its document.

#ifndef CTOML_H
#define CTOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A tree is never deeper than this: deeper documents are errors, so a recursive walk needs no check of its own.
#define CTOML_MAX_DEPTH 32

typedef enum {
    CTOML_TABLE,
    CTOML_ARRAY,
    CTOML_STRING,
    CTOML_INTEGER,
    CTOML_FLOAT,
    CTOML_BOOLEAN,
    CTOML_DATE  // a date, a time or both, without its value
} ctoml_kind;

typedef struct {
    uint32_t line;
    uint32_t column;
} ctoml_place;

typedef struct {
    const char *bytes;
    size_t length;
} ctoml_text;

typedef struct ctoml_node {
    ctoml_kind kind;
    ctoml_place place;      // of the value; for a table that has a header, of its '['
    ctoml_text key;         // in the table around it; empty for the root and for an array's elements
    ctoml_place key_place;  // 0:0 where there is no key
    union {
        ctoml_text string;
        int64_t integer;
        double number;
        bool boolean;
        struct {
            const struct ctoml_node *first;
            size_t count;
        } children;  // of a table, sorted by key; of an array, in its order
    };
} ctoml_node;

typedef struct ctoml_document ctoml_document;

/// Parses UTF-8 text, which is copied. Never NULL; free it with ctoml_free().
ctoml_document *ctoml_parse(const char *bytes, size_t length);

/// The root table, or NULL after a syntax error.
const ctoml_node *ctoml_root(const ctoml_document *document);

/// What is wrong, as toml++ says it, and where; empty when nothing is.
ctoml_text ctoml_error(const ctoml_document *document, ctoml_place *place);

void ctoml_free(ctoml_document *document);

#ifdef __cplusplus
}
#endif

#endif
