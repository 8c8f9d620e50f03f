// Traffic of the tests' tool: datagrams of every size, segmentation offload, a heartbeat that
// counts what is lost, and bulk. Every byte that arrives is compared with what was sent.
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { kLargest = 65507, kChunk = 1 << 16 };

// Byte number `at` of stream `seed`: no two neighbouring packets are alike.
static unsigned char pattern(unsigned long seed, unsigned long at) {
  return (unsigned char)((at + seed * 131) * 2654435761UL >> 13);
}

static void fill(unsigned char* data, size_t size, unsigned long seed, unsigned long from) {
  for (size_t i = 0; i < size; i++) data[i] = pattern(seed, from + i);
}

static int matches(const unsigned char* data, size_t size, unsigned long seed, unsigned long from) {
  for (size_t i = 0; i < size; i++)
    if (data[i] != pattern(seed, from + i)) return 0;
  return 1;
}

static int listen_on(int type, const char* port) {
  const int fd = open_socket(type);
  const int room = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  const struct sockaddr_in6 any = {.sin6_family = AF_INET6,
                                   .sin6_port = htons((unsigned short)atoi(port))};
  if (bind(fd, (const struct sockaddr*)&any, sizeof any) != 0) fail("bind");
  if (type == SOCK_STREAM && listen(fd, 64) != 0) fail("listen");
  return fd;
}

static int connected(int type, char** argv, const struct options* o) {
  const int fd = open_socket(type);
  const int room = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
  if (o->bind || atoi(o->port)) {
    const struct sockaddr_in6 at = address(o->bind ? o->bind : "::", o->port);
    if (bind(fd, (const struct sockaddr*)&at, sizeof at) != 0) fail("bind");
  }
  const struct sockaddr_in6 to = address(argv[0], argv[1]);
  if (connect(fd, (const struct sockaddr*)&to, sizeof to) != 0) {
    say(errno);
    exit(1);
  }
  return fd;
}

// --- sink -------------------------------------------------------------------------------------

// Takes a pattern until the sender ends it, and tells how much of it was right.
static _Noreturn void swallow(int fd) {
  static unsigned char data[kChunk];
  unsigned long total = 0;
  int right = 1;
  ssize_t size;
  while ((size = recv(fd, data, sizeof data, 0)) > 0) {
    right = right && matches(data, (size_t)size, 0, total);
    total += (unsigned long)size;
  }
  char line[64];
  const int length = snprintf(line, sizeof line, "%s %lu\n", right ? "right" : "wrong", total);
  if (send(fd, line, (size_t)length, MSG_NOSIGNAL) != length) exit(1);
  exit(0);
}

// sink PORT: sends datagrams back as they are; a TCP connection gets the number of bytes it sent.
_Noreturn void sink(int argc, char** argv) {
  if (argc != 1) exit(2);
  signal(SIGCHLD, SIG_IGN);
  struct pollfd fds[2] = {{.fd = listen_on(SOCK_DGRAM, argv[0]), .events = POLLIN},
                          {.fd = listen_on(SOCK_STREAM, argv[0]), .events = POLLIN}};
  static unsigned char data[kChunk];
  puts("ready");
  fflush(stdout);
  for (;;) {
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[0].revents) {
      struct sockaddr_in6 peer;
      socklen_t length = sizeof peer;
      const ssize_t size =
          recvfrom(fds[0].fd, data, sizeof data, 0, (struct sockaddr*)&peer, &length);
      if (size >= 0) sendto(fds[0].fd, data, (size_t)size, 0, (struct sockaddr*)&peer, length);
    }
    if (!fds[1].revents) continue;
    const int fd = accept4(fds[1].fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && fork() == 0) swallow(fd);
    close(fd);
  }
}

// --- datagrams --------------------------------------------------------------------------------

// One datagram there and back. Returns NULL, or what went wrong.
static const char* echoed(int fd, size_t size, unsigned long seed, long patience) {
  static unsigned char out[kChunk];
  static unsigned char in[kChunk];
  fill(out, size, seed, 0);
  if (send(fd, out, size, 0) != (ssize_t)size) return strerror(errno);
  const long deadline = now_ms() + patience;
  for (;;) {
    if (wait_for(fd, POLLIN, deadline)) return "lost";
    const ssize_t got = recv(fd, in, sizeof in, 0);
    if (got < 0) return strerror(errno);
    if ((size_t)got != size) continue;  // a late answer to an earlier one
    return memcmp(in, out, size) == 0 ? NULL : "changed on the way";
  }
}

// sizes [-t MS] ADDRESS PORT STEP: datagrams of 1 to 65507 bytes in that step, and around every
// size that could matter, one after the other; each must come back.
int sizes(int argc, char** argv, const struct options* o) {
  if (argc != 3) return 2;
  const int fd = connected(SOCK_DGRAM, argv, o);
  const long step = atol(argv[2]);
  static const long edges[] = {1400, 1422, 1450, 1472, 1500, 2900, 4350, 9000, 16384, 32768, 65472};
  long told = 0;
  for (long size = 1; size <= kLargest; size++) {
    int wanted = size % step == 1 || size == kLargest || size <= 4;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
      wanted = wanted || labs(size - edges[i]) <= 32;
    if (!wanted) continue;
    const char* wrong = echoed(fd, (size_t)size, (unsigned long)size, o->timeout);
    if (wrong) {
      printf("%ld bytes: %s (after %ld that were right)\n", size, wrong, told);
      return 1;
    }
    told++;
  }
  puts("all");
  return 0;
}

// segments [-t MS] ADDRESS PORT SIZE COUNT: one send of COUNT segments (UDP_SEGMENT); the other end
// has no UDP_GRO and must see COUNT datagrams of SIZE bytes.
int segments(int argc, char** argv, const struct options* o) {
  if (argc != 4) return 2;
  const int fd = connected(SOCK_DGRAM, argv, o);
  const int size = atoi(argv[2]);
  const int count = atoi(argv[3]);
  static unsigned char data[kChunk];
  static unsigned char seen[kChunk];
  if (size < 2 || size * count > kLargest) return 2;
  for (int i = 0; i < count; i++) {
    fill(data + i * size, (size_t)size, (unsigned long)i, 0);
    data[i * size] = (unsigned char)i;
  }
  if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size) != 0) fail("UDP_SEGMENT");
  if (send(fd, data, (size_t)(size * count), 0) != size * count) return say(errno);
  const long deadline = now_ms() + o->timeout;
  int right = 0;
  static unsigned char in[kChunk];
  while (right < count && !wait_for(fd, POLLIN, deadline)) {
    const ssize_t got = recv(fd, in, sizeof in, 0);
    if (got < 0) return say(errno);
    if (got != size || memcmp(in, data + in[0] * size, (size_t)size) != 0) {
      printf("a datagram of %zd bytes, or another content\n", got);
      return 1;
    }
    right += !seen[in[0]];
    seen[in[0]] = 1;
  }
  if (right == count)
    puts("all");
  else
    printf("%d of %d\n", right, count);
  return right != count;
}

static volatile sig_atomic_t ended;

static void end(int number) {
  (void)number;
  ended = 1;
}

// beat [-t MS] ADDRESS PORT GAP: a numbered datagram each GAP ms for that long, or until SIGTERM;
// counts the echoes, those that are late by up to 2 s too.
int beat(int argc, char** argv, const struct options* o) {
  if (argc != 3) return 2;
  const struct sigaction action = {.sa_handler = end};  // no SA_RESTART: poll() ends
  sigaction(SIGTERM, &action, NULL);
  const int fd = connected(SOCK_DGRAM, argv, o);
  const long gap = atol(argv[2]);
  const long start = now_ms();
  unsigned long sent = 0;
  unsigned long heard = 0;
  unsigned long refused = 0;
  unsigned long number;
  static unsigned char seen[1 << 20];
  puts("ready");
  fflush(stdout);
  for (long over = 0; !over || now_ms() < over;) {
    if (!over && (ended || now_ms() - start >= o->timeout)) over = now_ms() + 2000;
    if (over && heard == sent) break;
    if (!over && now_ms() - start >= (long)sent * gap) {
      refused += send(fd, &sent, sizeof sent, 0) != sizeof sent;
      sent++;
    }
    wait_for(fd, POLLIN, over ? over : start + (long)sent * gap);
    while (recv(fd, &number, sizeof number, MSG_DONTWAIT) == sizeof number) {
      if (number >= sizeof seen || seen[number]) continue;
      seen[number] = 1;
      heard++;
    }
  }
  printf("sent %lu lost %lu refused %lu\n", sent, sent - heard, refused);
  return heard != sent;
}

// --- bulk -------------------------------------------------------------------------------------

// bulk [-t MS] ADDRESS PORT BYTES: one TCP connection to a sink; with BYTES 0 for MS milliseconds,
// or until SIGTERM. Tells what the sink says, and the longest time a send waited.
int bulk(int argc, char** argv, const struct options* o) {
  if (argc != 3) return 2;
  const struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  const int fd = connected(SOCK_STREAM, argv, o);
  const unsigned long wanted = strtoul(argv[2], NULL, 10);
  const struct timeval patience = {.tv_sec = 30};
  const int little = 1 << 18;  // so that a stall shows at once, and little is under way at the end
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  static unsigned char data[kChunk];
  const long start = now_ms();
  long worst = 0;
  unsigned long total = 0;
  puts("ready");
  fflush(stdout);
  while (!ended && (wanted ? total < wanted : now_ms() - start < o->timeout)) {
    const unsigned long left = wanted && wanted - total < kChunk ? wanted - total : kChunk;
    fill(data, left, 0, total);
    const long before = now_ms();
    const ssize_t size = send(fd, data, left, MSG_NOSIGNAL);
    if (size < 0 && errno != EINTR) return say(errno);
    if (now_ms() - before > worst) worst = now_ms() - before;
    if (size > 0) total += (unsigned long)size;
  }
  shutdown(fd, SHUT_WR);
  char line[64];
  const ssize_t size = recv(fd, line, sizeof line - 1, 0);
  if (size <= 0) return say(size ? errno : ECONNRESET);
  line[size] = 0;
  line[strcspn(line, "\n")] = 0;
  char want[64];
  snprintf(want, sizeof want, "right %lu", total);
  const int right = strcmp(line, want) == 0;
  printf("%s bytes %lu worst-ms %ld ms %ld\n", right ? "whole" : line, total, worst,
         now_ms() - start);
  return !right;
}
