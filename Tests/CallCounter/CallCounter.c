// SPDX-License-Identifier: Apache-2.0
//
// Counts what a program asks of its allocator and of the kernel: preloaded into it (LD_PRELOAD), with CALL_COUNTER naming
// the file for the counts. What is counted does not depend on how fast or how busy a machine is.

#define _GNU_SOURCE
#include "CallCounter.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static call_counts_t unread;
static call_counts_t *counts = &unread;

// Before the program's own constructors; what was counted until then is of no interest.
__attribute__((constructor)) static void start(void) {
    const char *path = getenv("CALL_COUNTER");
    if (!path) return;
    int file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof(call_counts_t)) != 0) abort();
    void *map = mmap(NULL, sizeof(call_counts_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) abort();
    close(file);
    counts = map;
}

#define COUNT(what, number) __atomic_fetch_add(&counts->what, (uint64_t)(number), __ATOMIC_RELAXED)
// Looked up once; dlsym allocates, so the allocator is reached by the names that glibc has for it.
#define REAL(name) ({ static __typeof__(&name) found; if (!found) found = dlsym(RTLD_NEXT, #name); found; })

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    COUNT(allocations, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    COUNT(allocations, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    COUNT(allocations, 1);
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    COUNT(allocations, 1);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    COUNT(allocations, 1);
    *memory = __libc_memalign(alignment, size);
    return *memory ? 0 : ENOMEM;
}

ssize_t recv(int file, void *bytes, size_t count, int flags) {
    COUNT(receives, 1);
    return REAL(recv)(file, bytes, count, flags);
}

static ssize_t wrote(ssize_t done) {
    COUNT(writes, 1);
    if (done > 0) COUNT(written, done);
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return wrote(REAL(pwrite)(file, bytes, count, offset));
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return wrote(REAL(pwrite64)(file, bytes, count, offset));
}

ssize_t pwritev(int file, const struct iovec *pieces, int count, off_t offset) {
    return wrote(REAL(pwritev)(file, pieces, count, offset));
}

ssize_t pwritev64(int file, const struct iovec *pieces, int count, off64_t offset) {
    return wrote(REAL(pwritev64)(file, pieces, count, offset));
}

int fsync(int file) {
    COUNT(syncs, 1);
    return REAL(fsync)(file);
}

int fdatasync(int file) {
    COUNT(syncs, 1);
    return REAL(fdatasync)(file);
}

int epoll_wait(int file, struct epoll_event *events, int most, int timeout) {
    COUNT(waits, 1);
    return REAL(epoll_wait)(file, events, most, timeout);
}

int epoll_pwait(int file, struct epoll_event *events, int most, int timeout, const sigset_t *signals) {
    COUNT(waits, 1);
    return REAL(epoll_pwait)(file, events, most, timeout, signals);
}

int ppoll(struct pollfd *files, nfds_t count, const struct timespec *timeout, const sigset_t *signals) {
    COUNT(waits, 1);
    return REAL(ppoll)(files, count, timeout, signals);
}

int poll(struct pollfd *files, nfds_t count, int timeout) {
    COUNT(waits, 1);
    return REAL(poll)(files, count, timeout);
}
