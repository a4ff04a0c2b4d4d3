// SPDX-License-Identifier: Apache-2.0
// What the fault layer writes into its journal; read by TestSupport's DiskJournal.
#pragma once
#include <stdint.h>

/// What happened, in the order in which it happened.
enum fault_layer_kind {
    FAULT_LAYER_CREATE = 1,   // node, path: a file that was not there
    FAULT_LAYER_WRITE,        // node, path, offset, data
    FAULT_LAYER_TRUNCATE,     // node, path, offset: the new size
    FAULT_LAYER_RENAME,       // path, other path
    FAULT_LAYER_LINK,         // path, other path
    FAULT_LAYER_UNLINK,       // path
    FAULT_LAYER_MKDIR,        // node, path
    FAULT_LAYER_RMDIR,        // path
    FAULT_LAYER_SYNC_BEGIN,   // node, path, offset: the sync's number; what was written before this will be durable,
    FAULT_LAYER_SYNC_END,     // once this says so: node, path, offset: the same number
    FAULT_LAYER_SAID,         // data: what the program wrote to its standard error
};

/// One entry of the journal; its path, its other path and its data follow it, all numbers as the machine has them.
struct fault_layer_entry {
    uint32_t kind;
    uint32_t flags;         // of a sync: 1 for fdatasync
    uint64_t time;          // CLOCK_MONOTONIC, ns
    uint64_t node;          // inode; may be used again after a later CREATE
    uint64_t offset;
    uint32_t path_length;
    uint32_t other_length;
    uint64_t data_length;
};
