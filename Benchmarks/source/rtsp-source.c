// SPDX-License-Identifier: Apache-2.0
//
// A cheap source of many streams: an RTSP server (RFC 2326) that replays one H.264 film in real time to each client,
// whatever path it asks for, over TCP (interleaved) or UDP.
//
//     rtsp-source PORT FILM FRAMES-A-SECOND [keyframe]
//
// The film is an Annex B byte stream, and begins anew when it ends. Where in it a client begins, and when within a
// frame's time, differs from client to client, so that many cameras' keyframes are spread over time, as they are in a
// house. With `keyframe` each begins with a keyframe at once, as cameras do whose encoder can be asked for one.
//
// Frames are evenly spaced: their timestamps are those of the moments at which they are due, and sender reports tell
// what time that is. A frame is sent with one call to the system. What a client does not take waits, up to a limit;
// beyond it whole frames are left out up to the next keyframe, and counted. It has one thread.
//
// Prints "listening on PORT", and on SIGUSR1 and at its end a line of JSON: clients that play, frames sent, dropped,
// and sent more than 50 ms late, bytes of H.264 sent.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    PAYLOAD_LIMIT = 1400,        // bytes of H.264 in a packet
    FRAME_PACKET_LIMIT = 512,    // packets of a frame, so that it can go with one call: 700 kB
    HEADER_SIZE = 4 + 12 + 2,    // interleaving (RFC 2326, 10.12), RTP, fragmentation unit
    REQUEST_LIMIT = 16 * 1024,
    QUEUE_LIMIT = 4 * 1024 * 1024,
    SILENCE_LIMIT = 120,         // seconds after which a client that says nothing is let go
    SESSION_TIMEOUT = 60,        // seconds, what clients are told
    PAYLOAD_TYPE = 96,
    CLOCK_RATE = 90000,
};

static const int64_t SECOND = 1000000000;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);
    if (memory == NULL)
        fail("memory");
    return memory;
}

static int64_t now_on(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * SECOND + time.tv_nsec;
}

static void put16(uint8_t *to, unsigned value)
{
    to[0] = value >> 8;
    to[1] = value;
}

static void put32(uint8_t *to, uint32_t value)
{
    put16(to, value >> 16);
    put16(to + 2, value & 0xffff);
}

// ---- The film, cut into packets once -------------------------------------------------------------------------------

struct Packet {
    const uint8_t *payload;
    uint16_t length;
    uint8_t prefix[2];    // of a fragmentation unit (RFC 6184, 5.8)
    uint8_t prefix_length;
};

struct Frame {
    size_t first_packet, packet_count;
    size_t bytes;
    bool is_key;
};

static struct Packet *packets;
static size_t packet_count;
static struct Frame *frames;
static size_t frame_count;
static const uint8_t *parameter_sets[2];    // of the sequence, and of the picture
static size_t parameter_set_sizes[2];
static int framerate;
static bool begins_with_keyframe;

static void add_packet(struct Packet packet)
{
    static size_t capacity;
    if (packet_count == capacity) {
        capacity = capacity ? capacity * 2 : 4096;
        packets = allocate(packets, capacity * sizeof *packets);
    }
    packets[packet_count++] = packet;
    frames[frame_count - 1].packet_count++;
}

static void begin_frame(void)
{
    static size_t capacity;
    if (frame_count == capacity) {
        capacity = capacity ? capacity * 2 : 1024;
        frames = allocate(frames, capacity * sizeof *frames);
    }
    frames[frame_count++] = (struct Frame){.first_packet = packet_count};
}

static void add_unit(const uint8_t *unit, size_t size)
{
    frames[frame_count - 1].bytes += size;
    if (size <= PAYLOAD_LIMIT) {
        add_packet((struct Packet){.payload = unit, .length = size});
        return;
    }
    const size_t part = PAYLOAD_LIMIT - 2;
    for (size_t at = 1; at < size; at += part) {
        bool is_first = at == 1, is_last = size - at <= part;
        add_packet((struct Packet){
            .payload = unit + at,
            .length = is_last ? size - at : part,
            .prefix = {(unit[0] & 0xe0) | 28, (is_first ? 0x80 : 0) | (is_last ? 0x40 : 0) | (unit[0] & 0x1f)},
            .prefix_length = 2,
        });
    }
}

// Puts a NAL unit into the frame that it belongs to (ITU-T H.264, 7.4.1.2.3).
static void take_unit(const uint8_t *unit, size_t size)
{
    static bool has_picture = true;    // before the first frame, so that it begins with the first unit
    enum { SLICE = 1, KEY_SLICE = 5, INFORMATION = 6, SEQUENCE = 7, PICTURE = 8, DELIMITER = 9 };
    int type = unit[0] & 0x1f;
    bool is_slice = type >= SLICE && type <= KEY_SLICE;
    bool begins_picture = is_slice && size > 1 && (unit[1] & 0x80);    // its first macroblock is number 0
    if (has_picture && (begins_picture || (type >= INFORMATION && type <= DELIMITER))) {
        begin_frame();
        has_picture = false;
    }
    if (is_slice)
        has_picture = true;
    if (type == DELIMITER)
        return;
    if (type == KEY_SLICE)
        frames[frame_count - 1].is_key = true;
    if (type == SEQUENCE || type == PICTURE) {
        parameter_sets[type - SEQUENCE] = unit;
        parameter_set_sizes[type - SEQUENCE] = size;
    }
    add_unit(unit, size);
}

static void load_film(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0)
        fail(path);
    size_t size = status.st_size;
    uint8_t *film = allocate(NULL, size + 1);
    if (fread(film, 1, size, file) != size)
        fail(path);
    fclose(file);

    static const uint8_t start_code[] = {0, 0, 1};
    const uint8_t *end = film + size;
    const uint8_t *unit = memmem(film, size, start_code, sizeof start_code);
    while (unit != NULL) {
        unit += sizeof start_code;
        const uint8_t *next = memmem(unit, end - unit, start_code, sizeof start_code);
        const uint8_t *stop = next ? next : end;
        while (stop > unit && stop[-1] == 0)
            stop--;
        if (stop > unit)
            take_unit(unit, stop - unit);
        unit = next;
    }
    bool has_key = false;
    for (size_t i = 0; i < frame_count; i++) {
        has_key = has_key || frames[i].is_key;
        if (frames[i].packet_count > FRAME_PACKET_LIMIT) {
            fprintf(stderr, "%s: frame %zu is too large\n", path, i);
            exit(1);
        }
    }
    if (!has_key || parameter_sets[0] == NULL || parameter_sets[1] == NULL || parameter_set_sizes[0] < 4) {
        fprintf(stderr, "%s: no H.264 with keyframes and parameter sets\n", path);
        exit(1);
    }
}

// ---- Clients -------------------------------------------------------------------------------------------------------

struct Client {
    int connection;
    unsigned number;
    char request[REQUEST_LIMIT + 1];
    size_t request_length;
    int64_t last_heard;
    bool is_over;

    bool is_set_up, is_udp, plays;
    int channel;             // of the packets over TCP; the next one is the reports'
    int media, reports;      // sockets, over UDP

    uint32_t source;         // SSRC
    uint32_t first_timestamp;
    uint16_t sequence;
    uint64_t position;       // frames since it plays
    size_t frame;            // the next one, in the film
    int64_t begin, due;      // of the first frame, of the next one: CLOCK_MONOTONIC
    int64_t next_report;
    uint32_t sent_packets, sent_octets;
    bool skips;              // up to the next keyframe

    uint8_t *queue;          // what the connection has not taken yet
    size_t queue_begin, queue_end, queue_capacity;
};

static struct Client **clients;
static size_t client_count;
static int events;

static struct {
    uint64_t sent, dropped, late, bytes;
} total;

static void watch(struct Client *client)
{
    struct epoll_event event = {
        .events = EPOLLIN | (client->queue_end > client->queue_begin ? EPOLLOUT : 0),
        .data.ptr = client,
    };
    epoll_ctl(events, EPOLL_CTL_MOD, client->connection, &event);
}

// Sends what waits.
static void send_queue(struct Client *client)
{
    while (client->queue_begin < client->queue_end) {
        size_t rest = client->queue_end - client->queue_begin;
        ssize_t sent = send(client->connection, client->queue + client->queue_begin, rest, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN)
                client->is_over = true;
            return;
        }
        client->queue_begin += sent;
    }
    client->queue_begin = client->queue_end = 0;
    watch(client);
}

static void enqueue(struct Client *client, const void *bytes, size_t size)
{
    if (client->queue_begin > 0 && client->queue_end + size > client->queue_capacity) {
        client->queue_end -= client->queue_begin;
        memmove(client->queue, client->queue + client->queue_begin, client->queue_end);
        client->queue_begin = 0;
    }
    if (client->queue_end + size > client->queue_capacity) {
        client->queue_capacity = (client->queue_end + size) * 2;
        client->queue = allocate(client->queue, client->queue_capacity);
    }
    memcpy(client->queue + client->queue_end, bytes, size);
    client->queue_end += size;
}

// Sends parts over the connection, in order behind what waits; what it does not take now waits as well.
static void send_parts(struct Client *client, struct iovec *parts, size_t count)
{
    bool was_empty = client->queue_end == client->queue_begin;
    if (was_empty) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
        ssize_t sent = sendmsg(client->connection, &message, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            client->is_over = true;
            return;
        }
        size_t done = sent > 0 ? sent : 0;
        while (count > 0 && done >= parts->iov_len) {
            done -= parts->iov_len;
            parts++;
            count--;
        }
        if (count == 0)
            return;
        parts->iov_base = (uint8_t *)parts->iov_base + done;
        parts->iov_len -= done;
    }
    for (; count > 0; parts++, count--)
        enqueue(client, parts->iov_base, parts->iov_len);
    if (was_empty)
        watch(client);
}

static void send_text(struct Client *client, const char *text)
{
    struct iovec part = {.iov_base = (void *)text, .iov_len = strlen(text)};
    send_parts(client, &part, 1);
}

// ---- Media ---------------------------------------------------------------------------------------------------------

static uint32_t timestamp(const struct Client *client)
{
    return client->first_timestamp + (uint32_t)(client->position * CLOCK_RATE / framerate);
}

// When the next frame was due by the wall clock, for the receiver (RFC 3550, 6.4.1), and who sends it (6.5).
static void send_report(struct Client *client)
{
    int64_t wall = client->due + now_on(CLOCK_REALTIME) - now_on(CLOCK_MONOTONIC);
    uint8_t report[4 + 28 + 16] = {'$', client->channel + 1, 0, 28 + 16, 0x80, 200, 0, 6};
    uint8_t *at = report + 8;
    put32(at, client->source);
    put32(at + 4, wall / SECOND + 2208988800u);    // seconds since 1900
    put32(at + 8, ((uint64_t)(wall % SECOND) << 32) / SECOND);
    put32(at + 12, timestamp(client));
    put32(at + 16, client->sent_packets);
    put32(at + 20, client->sent_octets);
    static const uint8_t description[] = {0x81, 202, 0, 3, 0, 0, 0, 0, 1, 5, 'b', 'e', 'n', 'c', 'h', 0};
    memcpy(at + 24, description, sizeof description);
    put32(at + 28, client->source);
    if (client->is_udp) {
        // It is of no matter if a report is lost.
        (void)!send(client->reports, report + 4, sizeof report - 4, MSG_NOSIGNAL);
        return;
    }
    struct iovec part = {.iov_base = report, .iov_len = sizeof report};
    send_parts(client, &part, 1);
}

static void send_packets(struct Client *client, const struct Frame *frame)
{
    static uint8_t headers[FRAME_PACKET_LIMIT][HEADER_SIZE];
    static struct iovec parts[2 * FRAME_PACKET_LIMIT];
    static struct mmsghdr messages[FRAME_PACKET_LIMIT];
    for (size_t i = 0; i < frame->packet_count; i++) {
        const struct Packet *packet = &packets[frame->first_packet + i];
        bool is_last = i + 1 == frame->packet_count;
        size_t size = 12 + packet->prefix_length + packet->length;
        uint8_t *header = headers[i];
        header[0] = '$';
        header[1] = client->channel;
        put16(header + 2, size);
        header[4] = 0x80;
        header[5] = (is_last ? 0x80 : 0) | PAYLOAD_TYPE;
        put16(header + 6, client->sequence++);
        put32(header + 8, timestamp(client));
        put32(header + 12, client->source);
        memcpy(header + 16, packet->prefix, packet->prefix_length);
        // A datagram has the length itself.
        size_t begin = client->is_udp ? 4 : 0;
        parts[2 * i] = (struct iovec){.iov_base = header + begin, .iov_len = 16 + packet->prefix_length - begin};
        parts[2 * i + 1] = (struct iovec){.iov_base = (void *)packet->payload, .iov_len = packet->length};
        messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[2 * i], .msg_iovlen = 2}};
        client->sent_octets += size - 12;
    }
    client->sent_packets += frame->packet_count;
    if (client->is_udp) {
        for (size_t sent = 0; sent < frame->packet_count;) {
            int count = sendmmsg(client->media, messages + sent, frame->packet_count - sent, MSG_NOSIGNAL);
            if (count <= 0) {
                total.dropped++;
                return;
            }
            sent += count;
        }
    } else {
        send_parts(client, parts, 2 * frame->packet_count);
    }
    total.sent++;
    total.bytes += frame->bytes;
}

// Sends the frame that is due, or leaves it out.
static void send_frame(struct Client *client, int64_t now)
{
    const struct Frame *frame = &frames[client->frame];
    size_t size = frame->bytes + frame->packet_count * HEADER_SIZE;
    bool fits = client->queue_end - client->queue_begin + size <= QUEUE_LIMIT;
    client->skips = !fits || (client->skips && !frame->is_key);
    if (client->skips) {
        total.dropped++;
    } else {
        if (client->due >= client->next_report) {
            send_report(client);
            client->next_report = client->due + 5 * SECOND;
        }
        if (now - client->due > SECOND / 20)
            total.late++;
        send_packets(client, frame);
    }
    client->frame = (client->frame + 1) % frame_count;
    client->position++;
    client->due = client->begin + (int64_t)client->position * SECOND / framerate;
}

// ---- Requests ------------------------------------------------------------------------------------------------------

static void encode_base64(const uint8_t *bytes, size_t size, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = bytes[i] << 16 | (i + 1 < size ? bytes[i + 1] << 8 : 0) | (i + 2 < size ? bytes[i + 2] : 0);
        *text++ = digits[bits >> 18];
        *text++ = digits[bits >> 12 & 63];
        *text++ = i + 1 < size ? digits[bits >> 6 & 63] : '=';
        *text++ = i + 2 < size ? digits[bits & 63] : '=';
    }
    *text = 0;
}

// The value of a header field, in a buffer that the next call takes; an empty text if there is none.
static const char *field(const char *request, const char *name)
{
    static char value[512];
    value[0] = 0;
    size_t length = strlen(name);
    for (const char *line = strstr(request, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            line += length + 1;
            line += strspn(line, " ");
            snprintf(value, sizeof value, "%.*s", (int)strcspn(line, "\r"), line);
            break;
        }
    }
    return value;
}

static void describe(struct Client *client, int number, const char *url)
{
    char sequence_set[512], picture_set[512], description[2048], reply[3072];
    if (parameter_set_sizes[0] > 300 || parameter_set_sizes[1] > 300)
        exit(1);
    encode_base64(parameter_sets[0], parameter_set_sizes[0], sequence_set);
    encode_base64(parameter_sets[1], parameter_set_sizes[1], picture_set);
    const uint8_t *profile = parameter_sets[0] + 1;
    int length = snprintf(
        description, sizeof description,
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=bench\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=range:npt=now-\r\n"
        "m=video 0 RTP/AVP %d\r\na=rtpmap:%d H264/%d\r\n"
        "a=fmtp:%d packetization-mode=1;profile-level-id=%02X%02X%02X;sprop-parameter-sets=%s,%s\r\n"
        "a=framerate:%d\r\na=control:video\r\n",
        PAYLOAD_TYPE, PAYLOAD_TYPE, CLOCK_RATE, PAYLOAD_TYPE, profile[0], profile[1], profile[2], sequence_set,
        picture_set, framerate);
    snprintf(
        reply, sizeof reply,
        "RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Base: %s/\r\nContent-Type: application/sdp\r\n"
        "Content-Length: %d\r\n\r\n%s",
        number, url, length, description);
    send_text(client, reply);
}

// A pair of sockets to a client's pair of ports; whether that went well.
static bool open_datagrams(struct Client *client, int client_port, int ports[2])
{
    static int next_port = 40000;
    struct sockaddr_in peer, own = {.sin_family = AF_INET};
    socklen_t length = sizeof peer;
    if (getpeername(client->connection, (struct sockaddr *)&peer, &length) != 0)
        return false;
    for (int attempt = 0; attempt < 1000; attempt++) {
        next_port = next_port >= 60000 ? 40000 : next_port + 2;
        int sockets[2];
        bool is_open = true;
        for (int i = 0; i < 2; i++) {
            sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
            own.sin_port = htons(next_port + i);
            peer.sin_port = htons(client_port + i);
            is_open = is_open && bind(sockets[i], (struct sockaddr *)&own, sizeof own) == 0 &&
                      connect(sockets[i], (struct sockaddr *)&peer, sizeof peer) == 0;
            ports[i] = next_port + i;
        }
        if (is_open) {
            int room = QUEUE_LIMIT;
            setsockopt(sockets[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
            client->media = sockets[0];
            client->reports = sockets[1];
            struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
            epoll_ctl(events, EPOLL_CTL_ADD, client->reports, &event);
            return true;
        }
        close(sockets[0]);
        close(sockets[1]);
    }
    return false;
}

static void set_up(struct Client *client, int number, const char *transport)
{
    char reply[512];
    const char *ports = strstr(transport, "client_port="), *channels = strstr(transport, "interleaved=");
    int own_ports[2];
    if (!client->is_set_up && strstr(transport, "/TCP") != NULL) {
        client->channel = channels ? atoi(channels + strlen("interleaved=")) & 0xfe : 0;
        snprintf(
            reply, sizeof reply,
            "RTSP/1.0 200 OK\r\nCSeq: %d\r\nTransport: RTP/AVP/TCP;unicast;interleaved=%d-%d;ssrc=%08X\r\n"
            "Session: %u;timeout=%d\r\n\r\n",
            number, client->channel, client->channel + 1, client->source, client->number, SESSION_TIMEOUT);
        client->is_set_up = true;
    } else if (!client->is_set_up && ports != NULL &&
               open_datagrams(client, atoi(ports + strlen("client_port=")), own_ports)) {
        int first = atoi(ports + strlen("client_port="));
        client->is_set_up = client->is_udp = true;
        snprintf(
            reply, sizeof reply,
            "RTSP/1.0 200 OK\r\nCSeq: %d\r\nTransport: RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d;"
            "ssrc=%08X\r\nSession: %u;timeout=%d\r\n\r\n",
            number, first, first + 1, own_ports[0], own_ports[1], client->source, client->number, SESSION_TIMEOUT);
    } else {
        snprintf(reply, sizeof reply, "RTSP/1.0 461 Unsupported Transport\r\nCSeq: %d\r\n\r\n", number);
    }
    send_text(client, reply);
}

static void play(struct Client *client, int number, const char *url)
{
    if (!client->is_set_up) {
        char reply[128];
        snprintf(reply, sizeof reply, "RTSP/1.0 455 Method Not Valid in This State\r\nCSeq: %d\r\n\r\n", number);
        send_text(client, reply);
        return;
    }
    if (!client->plays) {
        // Multiples of the golden ratio fall evenly between 0 and 1, however many there are.
        double place = client->number * 0.6180339887498949;
        place -= (int)place;
        double within = place * 100 - (int)(place * 100);
        client->plays = true;
        client->frame = place * frame_count;
        while (begins_with_keyframe && !frames[client->frame].is_key)
            client->frame = (client->frame + 1) % frame_count;
        client->begin = client->due = now_on(CLOCK_MONOTONIC) + (int64_t)(within * SECOND / framerate);
        client->next_report = client->due;
    }
    char reply[1024];
    snprintf(
        reply, sizeof reply,
        "RTSP/1.0 200 OK\r\nCSeq: %d\r\nSession: %u;timeout=%d\r\nRange: npt=now-\r\nRTP-Info: "
        "url=%.500s/video;seq=%u;rtptime=%u\r\n\r\n",
        number, client->number, SESSION_TIMEOUT, url, client->sequence, timestamp(client));
    send_text(client, reply);
}

static void answer(struct Client *client, const char *request)
{
    char method[32] = "", url[1024] = "", reply[256];
    sscanf(request, "%31s %1023s", method, url);
    size_t length = strlen(url);
    if (length > 0 && url[length - 1] == '/')
        url[length - 1] = 0;
    int number = atoi(field(request, "CSeq"));
    if (strcmp(method, "DESCRIBE") == 0) {
        describe(client, number, url);
    } else if (strcmp(method, "SETUP") == 0) {
        set_up(client, number, field(request, "Transport"));
    } else if (strcmp(method, "PLAY") == 0) {
        play(client, number, url);
    } else {
        const char *status = "405 Method Not Allowed";
        if (strcmp(method, "OPTIONS") == 0 || strcmp(method, "GET_PARAMETER") == 0)
            status = "200 OK\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN";
        if (strcmp(method, "TEARDOWN") == 0) {
            status = "200 OK";
            client->plays = false;
        }
        snprintf(reply, sizeof reply, "RTSP/1.0 %s\r\nCSeq: %d\r\n\r\n", status, number);
        send_text(client, reply);
    }
}

// How many bytes at the beginning of what came belong together, and are here; 0 while some are missing.
static size_t next_message(struct Client *client, bool *is_request)
{
    const char *text = client->request;
    size_t length = client->request_length;
    *is_request = length > 0 && text[0] != '$';
    if (length > 0 && !*is_request) {
        // A report of the receiver's.
        size_t size = length < 4 ? 4 : 4 + ((uint8_t)text[2] << 8 | (uint8_t)text[3]);
        return size <= length ? size : 0;
    }
    const char *end = memmem(text, length, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t size = end + 4 - text + atoi(field(text, "Content-Length"));
    return size <= length ? size : 0;
}

static void receive(struct Client *client)
{
    for (;;) {
        size_t room = REQUEST_LIMIT - client->request_length;
        ssize_t count = room ? recv(client->connection, client->request + client->request_length, room, 0) : 0;
        if (count <= 0) {
            if (count == 0 || errno != EAGAIN)
                client->is_over = true;
            return;
        }
        client->request_length += count;
        client->last_heard = now_on(CLOCK_MONOTONIC);
        size_t size;
        bool is_request;
        while ((client->request[client->request_length] = 0, size = next_message(client, &is_request)) > 0) {
            if (is_request)
                answer(client, client->request);
            client->request_length -= size;
            memmove(client->request, client->request + size, client->request_length);
        }
    }
}

// ---- The loop ------------------------------------------------------------------------------------------------------

static void greet(int listener)
{
    static unsigned numbers;
    int connection;
    while ((connection = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        int yes = 1;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        struct Client *client = allocate(NULL, sizeof *client);
        *client = (struct Client){
            .connection = connection,
            .number = ++numbers,
            .last_heard = now_on(CLOCK_MONOTONIC),
            .media = -1,
            .reports = -1,
            .source = random(),
            .first_timestamp = random(),
            .sequence = random(),
        };
        clients = allocate(clients, (client_count + 1) * sizeof *clients);
        clients[client_count++] = client;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        epoll_ctl(events, EPOLL_CTL_ADD, connection, &event);
    }
}

static void part(struct Client *client)
{
    close(client->connection);
    if (client->media >= 0)
        close(client->media);
    if (client->reports >= 0)
        close(client->reports);
    free(client->queue);
    free(client);
}

static void print_total(void)
{
    size_t playing = 0;
    for (size_t i = 0; i < client_count; i++)
        playing += clients[i]->plays;
    printf(
        "{\"clients\": %zu, \"sent\": %llu, \"dropped\": %llu, \"late\": %llu, \"bytes\": %llu}\n", playing,
        (unsigned long long)total.sent, (unsigned long long)total.dropped, (unsigned long long)total.late,
        (unsigned long long)total.bytes);
    fflush(stdout);
}

// Sends what is due, lets go who has gone, and says when the next frame is due.
static int64_t serve(int64_t now)
{
    int64_t next = now + SECOND;
    for (size_t i = 0; i < client_count; i++) {
        struct Client *client = clients[i];
        while (client->plays && !client->is_over && client->due <= now)
            send_frame(client, now);
        if (client->is_over || now - client->last_heard > SILENCE_LIMIT * SECOND) {
            part(client);
            clients[i--] = clients[--client_count];
        } else if (client->plays && client->due < next) {
            next = client->due;
        }
    }
    return next;
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 256) != 0)
        fail("listen");
    return listener;
}

int main(int count, char **arguments)
{
    if (count < 4 || count > 5 || (framerate = atoi(arguments[3])) < 1) {
        fprintf(stderr, "usage: rtsp-source PORT FILM FRAMES-A-SECOND [keyframe]\n");
        return 2;
    }
    begins_with_keyframe = count == 5 && strcmp(arguments[4], "keyframe") == 0;
    load_film(arguments[2]);

    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGUSR1);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigprocmask(SIG_BLOCK, &wanted, NULL);
    int signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK), listener = listen_on(atoi(arguments[1]));
    events = epoll_create1(EPOLL_CLOEXEC);
    int *const own[] = {&signals, &listener};
    for (size_t i = 0; i < 2; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = own[i]};
        epoll_ctl(events, EPOLL_CTL_ADD, *own[i], &event);
    }
    printf("listening on %s\n", arguments[1]);
    fflush(stdout);

    for (;;) {
        int64_t next = serve(now_on(CLOCK_MONOTONIC)), rest = next - now_on(CLOCK_MONOTONIC);
        struct timespec patience = {.tv_nsec = rest > 0 ? (rest < SECOND ? rest : SECOND - 1) : 0};
        struct epoll_event found[64];
        int found_count = epoll_pwait2(events, found, 64, &patience, NULL);
        if (found_count < 0 && errno != EINTR)
            fail("epoll_pwait2");
        for (int i = 0; i < found_count; i++) {
            if (found[i].data.ptr == &listener) {
                greet(listener);
            } else if (found[i].data.ptr == &signals) {
                struct signalfd_siginfo signal;
                while (read(signals, &signal, sizeof signal) == sizeof signal) {
                    print_total();
                    if (signal.ssi_signo != SIGUSR1)
                        return 0;
                }
            } else {
                struct Client *client = found[i].data.ptr;
                uint8_t report[1500];
                while (client->reports >= 0 && recv(client->reports, report, sizeof report, 0) > 0)
                    client->last_heard = now_on(CLOCK_MONOTONIC);
                receive(client);
                if (!client->is_over)
                    send_queue(client);
            }
        }
    }
}
