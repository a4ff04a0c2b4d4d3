// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

// What is in the file that CALL_COUNTER names: numbers that rise while the program runs, for others to map or read.
typedef struct {
    uint64_t allocations;
    uint64_t receives;       // recv
    uint64_t writes;         // pwrite, pwritev: what goes into files
    uint64_t written;        // bytes of these
    uint64_t syncs;          // fsync, fdatasync
    uint64_t waits;          // epoll_wait, poll
} call_counts_t;
