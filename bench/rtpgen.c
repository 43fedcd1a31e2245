/* RTP load for the relay benchmark: N calls, a PCMA packet every 20 ms from either end, and a count of what
 * comes out of the relay and how late.
 *
 *   rtpgen SECONDS < ports      each line: the relay's RTP port for end A, and for end B, on 127.0.0.1
 *
 * End A of every call sends from 127.0.0.2:7000, end B from 127.0.0.3:7000; a call is known by its SSRC. The time of
 * sending travels in the payload. The first second warms up (learning) and is not counted. Prints one line:
 * sent received p50_us p99_us max_us
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CALLS = 20000, PACKET = 172, SLOTS = 20, BATCH = 64, MAX_DELAY_US = 1000000 };
static const double SLOT_S = 0.001, WARM_UP_S = 1.0, DRAIN_S = 0.3;

static uint32_t delays[MAX_DELAY_US + 1]; /* histogram, one bin a microsecond */
static long received;
static int port[MAX_CALLS][2];

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static int open_socket(const char *host) {
    int s = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(7000)};
    inet_pton(AF_INET, host, &address.sin_addr);
    setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (bind(s, (struct sockaddr *)&address, sizeof address)) {
        perror("rtpgen: bind");
        exit(1);
    }
    return s;
}

static void drain(int s, double count_from) {
    static unsigned char data[BATCH][2048];
    static struct iovec parts[BATCH];
    static struct mmsghdr heads[BATCH];
    for (;;) {
        memset(heads, 0, sizeof heads);
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){data[i], sizeof data[i]};
            heads[i].msg_hdr.msg_iov = &parts[i];
            heads[i].msg_hdr.msg_iovlen = 1;
        }
        int n = recvmmsg(s, heads, BATCH, MSG_DONTWAIT, NULL);
        double t = now();
        for (int i = 0; i < n; i++) {
            double sent_at;
            if (heads[i].msg_len < PACKET) continue;
            memcpy(&sent_at, data[i] + 16, sizeof sent_at);
            if (sent_at < count_from) continue;
            long us = (long)((t - sent_at) * 1e6);
            delays[us < 0 ? 0 : us > MAX_DELAY_US ? MAX_DELAY_US : us]++;
            received++;
        }
        if (n < BATCH) return;
    }
}

static int percentile(double share) {
    long seen = 0;
    for (int us = 0; us <= MAX_DELAY_US; us++)
        if ((seen += delays[us]) >= share * received) return us;
    return MAX_DELAY_US;
}

int main(int count, char **words) {
    int calls = 0, socket_of[2] = {open_socket("127.0.0.2"), open_socket("127.0.0.3")};
    double seconds = count > 1 ? atof(words[1]) : 5;
    while (calls < MAX_CALLS && scanf("%d %d", &port[calls][0], &port[calls][1]) == 2) calls++;
    struct sockaddr_in to = {.sin_family = AF_INET};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    unsigned char packet[PACKET] = {0x80, 8};
    long sent = 0;
    double start = now(), next = start, count_from = start + WARM_UP_S;
    for (uint32_t turn = 0; next - start < seconds + WARM_UP_S; turn++) {
        uint16_t sequence = htons(turn & 0xffff);
        uint32_t timestamp = htonl(turn * 160);
        memcpy(packet + 2, &sequence, 2);
        memcpy(packet + 4, &timestamp, 4);
        for (int slot = 0; slot < SLOTS; slot++) {
            for (int call = slot; call < calls; call += SLOTS)
                for (int end = 0; end < 2; end++) {
                    uint32_t ssrc = htonl(2 * call + end + 1);
                    double t = now();
                    memcpy(packet + 8, &ssrc, 4);
                    memcpy(packet + 16, &t, sizeof t);
                    to.sin_port = htons(port[call][end]);
                    sendto(socket_of[end], packet, PACKET, 0, (struct sockaddr *)&to, sizeof to);
                    sent += t >= count_from;
                }
            for (next += SLOT_S; now() < next; usleep(100)) drain(socket_of[0], count_from), drain(socket_of[1], count_from);
        }
    }
    for (double end = now() + DRAIN_S; now() < end; usleep(1000)) drain(socket_of[0], count_from), drain(socket_of[1], count_from);
    printf("%ld %ld %d %d %d\n", sent, received, percentile(0.5), percentile(0.99), percentile(1));
    return 0;
}
