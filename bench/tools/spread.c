// Traffic to many places at once, so that no table is asked for the same entry twice in a row.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench_tool.h"

// A prime: one place after another comes up, and neighbours far apart, if their number is no
// multiple of it.
enum { kStride = 61837, kMost = 1500 };

static uint32_t number_of(const char* word) { return (uint32_t)strtoul(word, NULL, 10); }

static struct sockaddr_in to_ipv4(const char* text, const char* port) {
  struct sockaddr_in out = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number_of(port))};
  if (inet_pton(AF_INET, text, &out.sin_addr) != 1) {
    errno = EINVAL;
    fail(text);
  }
  return out;
}

int spray(char** words) {
  static char data[kMost];
  struct sockaddr_in to = to_ipv4(words[0], words[2]);
  const uint32_t first = ntohl(to.sin_addr.s_addr);
  const uint32_t count = number_of(words[1]);
  const uint32_t size = number_of(words[3]);
  if (count == 0 || size > kMost) {
    errno = EINVAL;
    fail("number of addresses, or bytes");
  }
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const double busy = busy_seconds();
  const uint64_t start = now_ns();
  const uint64_t end = start + strtoull(words[4], NULL, 10) * 1000000ULL;
  uint64_t sent = 0;
  uint64_t now = start;
  uint32_t at = 0;
  while (now < end) {
    for (unsigned i = 0; i < 64; i++) {
      at = (at + kStride) % count;
      to.sin_addr.s_addr = htonl(first + at);
      if (sendto(fd, data, size, 0, (const struct sockaddr*)&to, sizeof to) >= 0)
        sent++;
      else if (errno != ENOBUFS && errno != EAGAIN)
        fail("sendto");
    }
    now = now_ns();
  }
  fprintf(answers, "{\"sent\": %llu, \"seconds\": %.6f, \"busy_seconds\": %.3f}\n",
          (unsigned long long)sent, (double)(now - start) / 1e9, busy_seconds() - busy);
  return 0;
}

int crr_ports(char** words) {
  struct sockaddr_in6 to = address(words[0], words[1]);
  const uint32_t first = number_of(words[1]);
  const uint32_t count = number_of(words[2]);
  if (count == 0) {
    errno = EINVAL;
    fail("number of ports");
  }
  const uint64_t start = now_ns();
  const uint64_t end = start + strtoull(words[3], NULL, 10) * 1000000ULL;
  uint64_t done = 0;
  uint64_t now = start;
  uint32_t at = 0;
  while (now < end) {
    at = (at + kStride) % count;
    to.sin6_port = htons((uint16_t)(first + at));
    connect_exchange(&to);
    done++;
    now = now_ns();
  }
  fprintf(answers, "{\"transactions\": %llu, \"seconds\": %.6f}\n", (unsigned long long)done,
          (double)(now - start) / 1e9);
  return 0;
}
