/* rtp-load FROM PORT TO FILE STREAMS SECONDS: one end of STREAMS calls, G.711 at 50 packets a second each.
 * Sends from FROM:PORT+2i to TO:<line i of FILE> and receives on the same sockets (symmetric RTP). The payload carries when it
 * left and its number, so the other end measures. Prints JSON: sent, received, lost of what should have come, one-way delay in
 * microseconds. Both ends must run on one machine: they share a clock. gcc -O2 -pthread -o rtp-load rtp-load.c */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STREAMS_MAX = 4096, PACKET = 172, PER_SECOND = 50, DELAYS_MAX = 4000000 };

static int count, seconds, sockets[STREAMS_MAX];
static struct sockaddr_in targets[STREAMS_MAX];
static uint64_t sent;
static uint32_t delays[DELAYS_MAX];

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static struct sockaddr_in address(const char *text, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, text, &a.sin_addr) != 1) fail(text);
  return a;
}

/* Packets of all streams, evenly spread over the time. */
static void *sending(void *unused) {
  uint8_t packet[PACKET];
  memset(packet, 0xd5, PACKET);
  packet[0] = 0x80;
  packet[1] = 0;
  uint64_t began = now(), total = (uint64_t)seconds * PER_SECOND * count, gap = 1000000000ull / (PER_SECOND * count);
  for (uint64_t k = 0; k < total; k++) {
    uint64_t due = began + k * gap, t = now();
    if (t + 100000 < due) {
      struct timespec pause = {(due - t) / 1000000000ull, (due - t) % 1000000000ull};
      nanosleep(&pause, 0);
      t = now();
    }
    uint32_t i = k % count, number = k / count;
    uint16_t sequence = htons(number);
    uint32_t timestamp = htonl(number * 160), source = htonl(0x1000 + i);
    memcpy(packet + 2, &sequence, 2);
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &source, 4);
    memcpy(packet + 12, &t, 8);
    memcpy(packet + 20, &number, 4);
    if (sendto(sockets[i], packet, PACKET, 0, (void *)&targets[i], sizeof targets[i]) == PACKET) sent++;
  }
  return unused;
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
  if (argc != 7) return fprintf(stderr, "rtp-load FROM PORT TO FILE STREAMS SECONDS\n"), 2;
  count = atoi(argv[5]);
  seconds = atoi(argv[6]);
  struct rlimit files = {65536, 65536};
  setrlimit(RLIMIT_NOFILE, &files);
  FILE *ports = fopen(argv[4], "r");
  if (!ports || count > STREAMS_MAX) fail(argv[4]);
  int epoll = epoll_create1(0);
  for (int i = 0; i < count; i++) {
    int port, room = 1 << 20;
    if (fscanf(ports, "%d", &port) != 1) fail("too few ports");
    targets[i] = address(argv[3], port);
    struct sockaddr_in own = address(argv[1], atoi(argv[2]) + 2 * i);
    sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(sockets[i], SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    if (bind(sockets[i], (void *)&own, sizeof own)) fail("bind");
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
    epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[i], &event);
  }
  usleep(300000);
  pthread_t thread;
  pthread_create(&thread, 0, sending, 0);
  uint64_t received = 0, lost, ends = now() + (seconds + 1) * 1000000000ull;
  struct epoll_event events[256];
  uint8_t packet[2048];
  while (now() < ends) {
    int ready = epoll_wait(epoll, events, 256, 100);
    for (int j = 0; j < ready; j++) {
      int i = events[j].data.u32;
      while (recv(sockets[i], packet, sizeof packet, 0) == PACKET) {
        uint64_t left, t = now();
        memcpy(&left, packet + 12, 8);
        if (received < DELAYS_MAX) delays[received] = t > left ? (t - left) / 1000 : 0;
        received++;
      }
    }
  }
  pthread_join(thread, 0);
  lost = (uint64_t)seconds * PER_SECOND * count;
  lost -= received < lost ? received : lost;
  uint64_t kept = received < DELAYS_MAX ? received : DELAYS_MAX;
  qsort(delays, kept, sizeof *delays, ascending);
  printf("{\"sent\":%lu,\"received\":%lu,\"lost\":%lu,\"p50\":%u,\"p99\":%u,\"max\":%u}\n", sent, received, lost,
         kept ? delays[kept / 2] : 0, kept ? delays[kept * 99 / 100] : 0, kept ? delays[kept - 1] : 0);
  return 0;
}
