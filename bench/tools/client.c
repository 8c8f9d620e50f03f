// Request and response: one after the other, each of one byte, each timed.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_tool.h"

static struct histogram times;

static void exchange(int fd) {
  char byte = kEcho;
  if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1) fail("send");
  if (recv(fd, &byte, 1, 0) != 1) fail("recv");
}

void connect_exchange(const struct sockaddr_in6* to) {
  const int fd = connected(SOCK_STREAM, to);
  char byte = kEchoAndClose;
  if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1) fail("send");
  if (receive_all(fd, &byte, 1) != 1) {
    errno = ECONNRESET;
    fail("answer");
  }
  if (recv(fd, &byte, 1, 0) != 0) fail("end of the connection");
  close(fd);
}

static void print(uint64_t ns, double busy) {
  const double seconds = (double)ns / 1e9;
  fprintf(answers,
          "{\"transactions\": %llu, \"seconds\": %.6f, \"busy_seconds\": %.3f, \"mean_us\": %.3f",
          (unsigned long long)times.total, seconds, busy,
          times.total ? (double)times.sum / (double)times.total / 1e3 : 0);
  fprintf(answers, ", \"p50_us\": %.3f, \"p90_us\": %.3f, \"p99_us\": %.3f, \"max_us\": %.3f}\n",
          histogram_at(&times, 0.5) / 1e3, histogram_at(&times, 0.9) / 1e3,
          histogram_at(&times, 0.99) / 1e3, (double)times.largest / 1e3);
}

// Connects anew each time if `fd` is negative.
static int measure(int fd, const struct sockaddr_in6* to, const char* ms) {
  memset(&times, 0, sizeof times);
  const uint64_t first = now_ns() + kWarmUpMs * 1000000ULL;
  uint64_t now = now_ns();
  while (now < first) {
    if (fd >= 0)
      exchange(fd);
    else
      connect_exchange(to);
    now = now_ns();
  }
  const double busy = busy_seconds();
  const uint64_t start = now_ns();
  const uint64_t end = start + strtoull(ms, NULL, 10) * 1000000ULL;
  now = start;
  while (now < end) {
    if (fd >= 0)
      exchange(fd);
    else
      connect_exchange(to);
    const uint64_t then = now_ns();
    histogram_add(&times, then - now);
    now = then;
  }
  print(now - start, busy_seconds() - busy);
  return 0;
}

int rr(char** words) {
  const struct sockaddr_in6 to = address(words[1], words[2]);
  const int type = strcmp(words[0], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM;
  return measure(kept(type, words[1], words[2], 0), &to, words[3]);
}

int crr(char** words) {
  const struct sockaddr_in6 to = address(words[0], words[1]);
  return measure(-1, &to, words[2]);
}
