// SPDX-License-Identifier: Apache-2.0
// Linux calls that glibc declares only under _GNU_SOURCE, which Swift's Glibc module does not set.
#pragma once

extern int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags);

/// renameat2's flag: never over another file (linux/fs.h).
static const unsigned int MARTLET_RENAME_NOREPLACE = 1;
