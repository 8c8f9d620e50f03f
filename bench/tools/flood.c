// Datagrams as fast as send() takes them, from one thread, as an application sends them.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bench_tool.h"

static uint64_t ask(int control) {
  uint64_t count;
  send_all(control, "?", 1);
  if (receive_all(control, &count, sizeof count) != 1) {
    errno = ECONNRESET;
    fail("count");
  }
  return count;
}

// What is on its way when the sending ends still arrives, or never will.
static uint64_t ask_when_still(int control) {
  uint64_t last = ask(control);
  for (;;) {
    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    const uint64_t now = ask(control);
    if (now == last) return now;
    last = now;
  }
}

int flood(char** words) {
  static char data[65536];
  const size_t size = strtoull(words[2], NULL, 10);
  if (size > sizeof data) {
    errno = EMSGSIZE;
    fail("datagram");
  }
  const int control = kept(SOCK_STREAM, words[0], words[1], 0);
  const int fd = kept(SOCK_DGRAM, words[0], words[1], 0);
  const uint64_t before = ask_when_still(control);
  const double busy = busy_seconds();
  const uint64_t start = now_ns();
  const uint64_t end = start + strtoull(words[3], NULL, 10) * 1000000ULL;
  uint64_t sent = 0;
  uint64_t now = start;
  while (now < end) {
    for (unsigned i = 0; i < 64; i++) {
      if (send(fd, data, size, 0) >= 0)
        sent++;
      else if (errno != ENOBUFS && errno != EAGAIN)
        fail("send");
    }
    now = now_ns();
  }
  const double spent = busy_seconds() - busy;
  const uint64_t received = ask_when_still(control) - before;
  fprintf(
      answers, "{\"sent\": %llu, \"received\": %llu, \"seconds\": %.6f, \"busy_seconds\": %.3f}\n",
      (unsigned long long)sent, (unsigned long long)received, (double)(now - start) / 1e9, spent);
  return 0;
}
