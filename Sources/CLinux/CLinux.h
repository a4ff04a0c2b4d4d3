// SPDX-License-Identifier: Apache-2.0
// Linux calls that Swift's Glibc module does not have, some since glibc declares them only under _GNU_SOURCE.
#pragma once
#include <malloc.h>
#include <mntent.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timex.h>

extern int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);

extern int fallocate(int file, int mode, off_t offset, off_t length);

/// fallocate's flag: the file's size stays (linux/falloc.h).
static const int MARTLET_FALLOC_KEEP_SIZE = 1;

/// renameat2's flag: never over another file (linux/fs.h).
static const unsigned int MARTLET_RENAME_NOREPLACE = 1;

/// Whether a time service disciplines the kernel's clock; reading it needs no privilege.
static inline int martlet_clock_is_synchronised(void) {
    struct timex state = {.modes = 0};
    return adjtimex(&state) >= 0 && !(state.status & STA_UNSYNC);
}
