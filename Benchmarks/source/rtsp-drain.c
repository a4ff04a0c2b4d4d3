// SPDX-License-Identifier: Apache-2.0
//
// Cheap viewers: asks for an RTSP stream over TCP (RFC 2326, interleaved) so many times, and throws away what comes.
//
//     rtsp-drain URL NUMBER
//
// The URL has an address and a port in figures, such as rtsp://127.0.0.1:8554/front-door. Each viewer has a connection
// of its own; they ask one after the other, and one thread reads them all. Prints "all play" once the last one has been
// let in, and on SIGUSR1 and at its end a line of JSON: viewers, frames (packets with the marker), packets that are
// missing in the sequence, and bytes, of all viewers together. Ends with 1 if a viewer is refused, or is cut off.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER_SIZE = 128 * 1024,    // more than a packet can have
    REPLY_SIZE = 8 * 1024,
    KEEP_ALIVE = 20,             // seconds between two signs of life
};

struct Viewer {
    int connection;
    int requests;
    char session[128];
    char reply[REPLY_SIZE];      // the last one
    bool is_answered;
    bool has_packet;
    uint16_t sequence;           // of the last packet
    size_t length;               // of what is in the buffer
    char buffer[BUFFER_SIZE + 1];
};

static struct Viewer **viewers;
static int viewer_count;
static struct {
    unsigned long long frames, lost, bytes;
} total;

static void fail(const char *what, const char *more)
{
    fprintf(stderr, "rtsp-drain: %s: %s\n", what, more);
    exit(1);
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        fail("memory", strerror(errno));
    return memory;
}

// A packet in its frame (RFC 2326, 10.12): '$', the channel, the length, then RTP on channel 0.
static void take_packet(struct Viewer *viewer, const uint8_t *bytes, size_t size)
{
    total.bytes += size;
    if (bytes[1] != 0 || size < 4 + 12)
        return;
    uint16_t sequence = bytes[6] << 8 | bytes[7];
    if (viewer->has_packet)
        total.lost += (uint16_t)(sequence - viewer->sequence - 1);
    viewer->has_packet = true;
    viewer->sequence = sequence;
    total.frames += bytes[5] >> 7;
}

static void take_reply(struct Viewer *viewer, const char *text, size_t size)
{
    snprintf(viewer->reply, REPLY_SIZE, "%.*s", (int)size, text);
    viewer->is_answered = true;
}

// How long the packet or reply is that begins here; 0 if it is not all here.
static size_t message_size(const char *text, size_t length)
{
    if (length < 4)
        return 0;
    size_t size = 4 + ((uint8_t)text[2] << 8 | (uint8_t)text[3]);
    if (text[0] != '$') {
        const char *end = memmem(text, length, "\r\n\r\n", 4);
        if (end == NULL)
            return 0;
        const char *body = strcasestr(text, "\r\nContent-Length:");
        size = end + 4 - text + (body && body < end ? atoi(body + strlen("\r\nContent-Length:")) : 0);
    }
    return size <= length ? size : 0;
}

// Reads once, waiting for it if that is wanted, and takes what is whole.
static void read_some(struct Viewer *viewer, bool waits)
{
    char *buffer = viewer->buffer;
    size_t room = BUFFER_SIZE - viewer->length, begin = 0, size;
    ssize_t count = recv(viewer->connection, buffer + viewer->length, room, waits ? 0 : MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0)
        fail("a viewer was cut off", count < 0 ? strerror(errno) : "end of the connection");
    viewer->length += count;
    buffer[viewer->length] = 0;
    while ((size = message_size(buffer + begin, viewer->length - begin)) > 0) {
        if (buffer[begin] == '$')
            take_packet(viewer, (const uint8_t *)buffer + begin, size);
        else
            take_reply(viewer, buffer + begin, size);
        begin += size;
    }
    viewer->length -= begin;
    memmove(buffer, buffer + begin, viewer->length);
}

static void request(struct Viewer *viewer, const char *method, const char *target, const char *headers)
{
    char text[4096], session[160] = "";
    if (viewer->session[0])
        snprintf(session, sizeof session, "Session: %s\r\n", viewer->session);
    int length = snprintf(
        text, sizeof text, "%s %s RTSP/1.0\r\nCSeq: %d\r\n%s%s\r\n", method, target, ++viewer->requests, session,
        headers);
    viewer->is_answered = false;
    if (send(viewer->connection, text, length, MSG_NOSIGNAL) != length)
        fail("send", strerror(errno));
}

static void ask(struct Viewer *viewer, const char *method, const char *target, const char *headers)
{
    request(viewer, method, target, headers);
    while (!viewer->is_answered)
        read_some(viewer, true);
    if (strncmp(viewer->reply, "RTSP/1.0 200", 12) != 0)
        fail(method, viewer->reply);
}

// What stands behind a word in the last reply, up to one of the characters.
static void find(const struct Viewer *viewer, const char *word, const char *end, char *found, size_t size)
{
    const char *at = strcasestr(viewer->reply, word);
    found[0] = 0;
    if (at == NULL)
        return;
    at += strlen(word);
    at += strspn(at, " ");
    snprintf(found, size, "%.*s", (int)strcspn(at, end), at);
}

static struct Viewer *join(const char *url)
{
    char address[64], base[1024], control[256], target[1400];
    int port;
    struct sockaddr_in server = {.sin_family = AF_INET};
    if (sscanf(url, "rtsp://%63[0-9.]:%d", address, &port) != 2 || inet_aton(address, &server.sin_addr) == 0)
        fail(url, "no such address");
    server.sin_port = htons(port);
    struct Viewer *viewer = allocate(sizeof *viewer);
    viewer->connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(viewer->connection, (struct sockaddr *)&server, sizeof server) != 0)
        fail(url, strerror(errno));

    ask(viewer, "DESCRIBE", url, "Accept: application/sdp\r\n");
    find(viewer, "\r\nContent-Base:", "\r", base, sizeof base);
    if (base[0] == 0)
        snprintf(base, sizeof base, "%.1000s/", url);
    const char *media = strstr(viewer->reply, "\r\nm=");
    if (media == NULL)
        fail(url, "no media");
    memmove(viewer->reply, media, strlen(media) + 1);
    find(viewer, "\r\na=control:", "\r", control, sizeof control);
    bool is_whole = strncmp(control, "rtsp://", 7) == 0;
    snprintf(target, sizeof target, "%s%s", is_whole ? "" : base, control);
    ask(viewer, "SETUP", target, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
    find(viewer, "\r\nSession:", ";\r", viewer->session, sizeof viewer->session);
    ask(viewer, "PLAY", base, "Range: npt=now-\r\n");
    return viewer;
}

static void print_total(void)
{
    printf(
        "{\"viewers\": %d, \"frames\": %llu, \"lost\": %llu, \"bytes\": %llu}\n", viewer_count, total.frames,
        total.lost, total.bytes);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    if (count != 3 || (viewer_count = atoi(arguments[2])) < 1) {
        fprintf(stderr, "usage: rtsp-drain URL NUMBER\n");
        return 2;
    }
    const char *url = arguments[1];
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    int signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK), events = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    epoll_ctl(events, EPOLL_CTL_ADD, signals, &event);

    viewers = allocate(viewer_count * sizeof *viewers);
    for (int i = 0; i < viewer_count; i++) {
        viewers[i] = join(url);
        event.data.ptr = viewers[i];
        epoll_ctl(events, EPOLL_CTL_ADD, viewers[i]->connection, &event);
        // Those who play already are not to be held up.
        for (int other = 0; other < i; other++)
            read_some(viewers[other], false);
    }
    printf("all play\n");
    fflush(stdout);

    time_t next_sign = time(NULL) + KEEP_ALIVE;
    for (;;) {
        struct epoll_event found[64];
        int found_count = epoll_wait(events, found, 64, 1000);
        for (int i = 0; i < found_count; i++) {
            struct signalfd_siginfo signal;
            if (found[i].data.ptr != NULL) {
                read_some(found[i].data.ptr, false);
            } else if (read(signals, &signal, sizeof signal) == sizeof signal) {
                print_total();
                if (signal.ssi_signo != SIGUSR1)
                    return 0;
            }
        }
        if (time(NULL) >= next_sign) {
            for (int i = 0; i < viewer_count; i++)
                request(viewers[i], "OPTIONS", url, "");
            next_sign = time(NULL) + KEEP_ALIVE;
        }
    }
}
