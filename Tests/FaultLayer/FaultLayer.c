// SPDX-License-Identifier: Apache-2.0
// A disk that a test can hurt: stands between a program and the C library (LD_PRELOAD) for all paths below one folder.
//
//   FAULT_LAYER_BELOW=FOLDER    whose files
//   FAULT_LAYER_JOURNAL=FILE    every operation that changes them goes in there, in order, with its data
//   FAULT_LAYER_CONTROL=FILE    what is to go wrong; looked at before each operation, and may come and go. A line each:
//
//       OPERATION fail ERRNO [SUFFIX]      OPERATION delay SECONDS [SUFFIX]
//
//   OPERATION is create, open, write, truncate, rename, unlink, mkdir or sync; ERRNO a number; with SUFFIX only paths that end so.
//   A file is asked for by its name, so what a program has open follows it when it is renamed.
#define _GNU_SOURCE
#include "FaultLayer.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// The C library's own function of that name.
#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *function = dlsym(RTLD_NEXT, name);
    if (!function) abort();
    return function;
}

// MARK: Settings

static char below[PATH_MAX];
static const char *control;
static int journal = -1;
static pthread_once_t once = PTHREAD_ONCE_INIT;
// An operation and its entry are one: the journal's order is the order in which things happened.
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static uint64_t last_sync;

static void begin(void) {
    const char *folder = getenv("FAULT_LAYER_BELOW");
    const char *path = getenv("FAULT_LAYER_JOURNAL");
    control = getenv("FAULT_LAYER_CONTROL");
    if (folder) snprintf(below, sizeof below, "%s/", folder);
    if (path) journal = REAL(open)(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
}

static void start(void) { pthread_once(&once, begin); }

// MARK: Names

typedef struct {
    char text[PATH_MAX];
} path_t;

static int is_ours(const path_t *path) {
    size_t length = strlen(below);
    // The folder itself belongs to it.
    return length && (strncmp(path->text, below, length) == 0
        || (strlen(path->text) == length - 1 && strncmp(path->text, below, length - 1) == 0));
}

static path_t path_of(int file) {
    char link[64];
    path_t path;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path.text, sizeof path.text - 1);
    path.text[length < 0 ? 0 : length] = 0;
    return path;
}

static path_t path_at(int folder, const char *name) {
    path_t path;
    if (name[0] == '/') {
        snprintf(path.text, sizeof path.text, "%s", name);
        return path;
    }
    if (folder == AT_FDCWD) {
        if (!getcwd(path.text, sizeof path.text)) path.text[0] = 0;
    } else {
        path = path_of(folder);
    }
    size_t length = strlen(path.text);
    snprintf(path.text + length, sizeof path.text - length, "/%s", name);
    return path;
}

// MARK: The journal

static void append(uint32_t kind, uint32_t flags, uint64_t node, uint64_t offset,
                   const char *path, const char *other, const void *data, size_t size) {
    if (journal < 0) return;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct fault_layer_entry entry = {
        .kind = kind, .flags = flags, .time = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec,
        .node = node, .offset = offset, .path_length = (uint32_t)strlen(path),
        .other_length = (uint32_t)strlen(other), .data_length = size,
    };
    struct iovec parts[] = {
        {&entry, sizeof entry}, {(void *)path, entry.path_length}, {(void *)other, entry.other_length},
        {(void *)data, size},
    };
    size_t whole = sizeof entry + entry.path_length + entry.other_length + size;
    // A journal with a hole would have a test pass that must not.
    if (REAL(writev)(journal, parts, 4) != (ssize_t)whole) abort();
}

static uint64_t node_of(int file) {
    struct stat status;
    return fstat(file, &status) == 0 ? status.st_ino : 0;
}

static uint64_t node_at(const char *path) {
    struct stat status;
    return lstat(path, &status) == 0 ? status.st_ino : 0;
}

// MARK: Faults

/// What the control file says of an operation: waits, and returns the error that it is to fail with, or 0.
static int fault(const char *operation, const path_t *path) {
    if (!control) return 0;
    int file = REAL(open)(control, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[4096];
    ssize_t size = read(file, text, sizeof text - 1);
    close(file);
    text[size < 0 ? 0 : size] = 0;
    int error = 0;
    char *rest;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char word[16], action[16], suffix[64] = "";
        double value;
        if (sscanf(line, "%15s %15s %lf %63s", word, action, &value, suffix) < 3) continue;
        size_t length = strlen(path->text);
        if (strcmp(word, operation) || strlen(suffix) > length) continue;
        if (strcmp(path->text + length - strlen(suffix), suffix)) continue;
        if (strcmp(action, "fail") == 0) error = (int)value;
        if (strcmp(action, "delay") == 0) {
            struct timespec wait = {(time_t)value, (long)((value - (double)(time_t)value) * 1e9)};
            nanosleep(&wait, NULL);
        }
    }
    return error;
}

#define FAIL_IF_TOLD(operation, path) \
    do { \
        int error = fault(operation, path); \
        if (error) { \
            errno = error; \
            return -1; \
        } \
    } while (0)

// MARK: Opening

static int open_at(int folder, const char *name, int flags, mode_t mode) {
    start();
    path_t path = path_at(folder, name);
    if (!is_ours(&path)) return REAL(openat)(folder, name, flags, mode);
    FAIL_IF_TOLD("open", &path);
    if (!(flags & (O_CREAT | O_TRUNC))) return REAL(openat)(folder, name, flags, mode);
    if (flags & O_CREAT) FAIL_IF_TOLD("create", &path);
    pthread_mutex_lock(&order);
    int is_new = access(path.text, F_OK) != 0;
    int file = REAL(openat)(folder, name, flags, mode);
    int error = errno;
    if (file >= 0 && is_new) append(FAULT_LAYER_CREATE, 0, node_of(file), 0, path.text, "", NULL, 0);
    if (file >= 0 && !is_new && flags & O_TRUNC) {
        append(FAULT_LAYER_TRUNCATE, 0, node_of(file), 0, path.text, "", NULL, 0);
    }
    pthread_mutex_unlock(&order);
    errno = error;
    return file;
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *name, int flags, ...) {
    MODE_OF(flags)
    return open_at(AT_FDCWD, name, flags, mode);
}

int open64(const char *name, int flags, ...) {
    MODE_OF(flags)
    return open_at(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...) {
    MODE_OF(flags)
    return open_at(folder, name, flags, mode);
}

int openat64(int folder, const char *name, int flags, ...) {
    MODE_OF(flags)
    return open_at(folder, name, flags, mode);
}

int creat(const char *name, mode_t mode) { return open_at(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *name, mode_t mode) { return creat(name, mode); }
// What callers compiled with _FORTIFY_SOURCE have instead.
int __open_2(const char *name, int flags) { return open_at(AT_FDCWD, name, flags, 0); }
int __open64_2(const char *name, int flags) { return open_at(AT_FDCWD, name, flags, 0); }

// MARK: Contents

static ssize_t write_at(int file, const void *bytes, size_t count, off_t offset, const path_t *path) {
    FAIL_IF_TOLD("write", path);
    pthread_mutex_lock(&order);
    ssize_t done = REAL(pwrite)(file, bytes, count, offset);
    int error = errno;
    if (done > 0) {
        append(FAULT_LAYER_WRITE, 0, node_of(file), (uint64_t)offset, path->text, "", bytes, (size_t)done);
    }
    pthread_mutex_unlock(&order);
    errno = error;
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    start();
    path_t path = path_of(file);
    return is_ours(&path) ? write_at(file, bytes, count, offset, &path)
                          : REAL(pwrite)(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return pwrite(file, bytes, count, (off_t)offset);
}

ssize_t pwritev(int file, const struct iovec *pieces, int count, off_t offset) {
    start();
    path_t path = path_of(file);
    if (!is_ours(&path)) return REAL(pwritev)(file, pieces, count, offset);
    // One write, as the disk has it.
    size_t size = 0;
    for (int index = 0; index < count; index++) size += pieces[index].iov_len;
    char *bytes = malloc(size ? size : 1);
    if (!bytes) abort();
    size_t place = 0;
    for (int index = 0; index < count; index++) {
        memcpy(bytes + place, pieces[index].iov_base, pieces[index].iov_len);
        place += pieces[index].iov_len;
    }
    ssize_t done = write_at(file, bytes, size, offset, &path);
    int error = errno;
    free(bytes);
    errno = error;
    return done;
}

ssize_t pwritev64(int file, const struct iovec *pieces, int count, off64_t offset) {
    return pwritev(file, pieces, count, (off_t)offset);
}

ssize_t write(int file, const void *bytes, size_t count) {
    start();
    if (file == STDERR_FILENO && journal >= 0) {
        pthread_mutex_lock(&order);
        append(FAULT_LAYER_SAID, 0, 0, 0, "", "", bytes, count);
        pthread_mutex_unlock(&order);
    }
    path_t path = path_of(file);
    if (!is_ours(&path)) return REAL(write)(file, bytes, count);
    off_t offset = lseek(file, 0, fcntl(file, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
    if (offset < 0) return -1;
    ssize_t done = write_at(file, bytes, count, offset, &path);
    if (done > 0) lseek(file, offset + done, SEEK_SET);
    return done;
}

static int cut(int file, const char *name, off_t size, const path_t *path) {
    FAIL_IF_TOLD("truncate", path);
    pthread_mutex_lock(&order);
    int result = name ? REAL(truncate)(name, size) : REAL(ftruncate)(file, size);
    int error = errno;
    uint64_t node = name ? node_at(name) : node_of(file);
    if (result == 0) append(FAULT_LAYER_TRUNCATE, 0, node, (uint64_t)size, path->text, "", NULL, 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int ftruncate(int file, off_t size) {
    start();
    path_t path = path_of(file);
    return is_ours(&path) ? cut(file, NULL, size, &path) : REAL(ftruncate)(file, size);
}

int truncate(const char *name, off_t size) {
    start();
    path_t path = path_at(AT_FDCWD, name);
    return is_ours(&path) ? cut(-1, name, size, &path) : REAL(truncate)(name, size);
}

int ftruncate64(int file, off64_t size) { return ftruncate(file, (off_t)size); }
int truncate64(const char *name, off64_t size) { return truncate(name, (off_t)size); }

// MARK: Names

static int rename_at(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    start();
    path_t path = path_at(from_folder, from), other = path_at(to_folder, to);
    int ours = is_ours(&path) && is_ours(&other);
    if (ours) FAIL_IF_TOLD("rename", &path);
    pthread_mutex_lock(&order);
    int result = REAL(renameat2)(from_folder, from, to_folder, to, flags);
    int error = errno;
    if (result == 0 && ours) append(FAULT_LAYER_RENAME, 0, 0, 0, path.text, other.text, NULL, 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int rename(const char *from, const char *to) { return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    return rename_at(from_folder, from, to_folder, to, 0);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
    return rename_at(from_folder, from, to_folder, to, flags);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    start();
    path_t path = path_at(from_folder, from), other = path_at(to_folder, to);
    pthread_mutex_lock(&order);
    int result = REAL(linkat)(from_folder, from, to_folder, to, flags);
    int error = errno;
    if (result == 0 && is_ours(&path) && is_ours(&other)) {
        append(FAULT_LAYER_LINK, 0, 0, 0, path.text, other.text, NULL, 0);
    }
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int folder, const char *name, int flags) {
    start();
    path_t path = path_at(folder, name);
    int ours = is_ours(&path);
    if (ours) FAIL_IF_TOLD("unlink", &path);
    pthread_mutex_lock(&order);
    int result = REAL(unlinkat)(folder, name, flags);
    int error = errno;
    uint32_t kind = flags & AT_REMOVEDIR ? FAULT_LAYER_RMDIR : FAULT_LAYER_UNLINK;
    if (result == 0 && ours) append(kind, 0, 0, 0, path.text, "", NULL, 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

int mkdirat(int folder, const char *name, mode_t mode) {
    start();
    path_t path = path_at(folder, name);
    int ours = is_ours(&path);
    if (ours) FAIL_IF_TOLD("mkdir", &path);
    pthread_mutex_lock(&order);
    int result = REAL(mkdirat)(folder, name, mode);
    int error = errno;
    if (result == 0 && ours) append(FAULT_LAYER_MKDIR, 0, node_at(path.text), 0, path.text, "", NULL, 0);
    pthread_mutex_unlock(&order);
    errno = error;
    return result;
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

// MARK: Syncing

static int sync_file(int file, uint32_t is_data) {
    start();
    path_t path = path_of(file);
    if (!is_ours(&path)) return is_data ? REAL(fdatasync)(file) : REAL(fsync)(file);
    uint64_t node = node_of(file);
    pthread_mutex_lock(&order);
    uint64_t number = ++last_sync;
    append(FAULT_LAYER_SYNC_BEGIN, is_data, node, number, path.text, "", NULL, 0);
    pthread_mutex_unlock(&order);
    FAIL_IF_TOLD("sync", &path);
    // Not under the lock: others write meanwhile.
    int result = is_data ? REAL(fdatasync)(file) : REAL(fsync)(file);
    int error = errno;
    if (result == 0) {
        pthread_mutex_lock(&order);
        append(FAULT_LAYER_SYNC_END, is_data, node, number, path.text, "", NULL, 0);
        pthread_mutex_unlock(&order);
    }
    errno = error;
    return result;
}

int fsync(int file) { return sync_file(file, 0); }
int fdatasync(int file) { return sync_file(file, 1); }
