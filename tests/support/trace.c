// What routers say of the way: traceroute, and path-MTU discovery of a datagram socket. An error
// that a program has to find its own packet in: one that quotes other addresses or ports is not
// seen.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

enum { kMaxHops = 16, kFrame = 2048 };

// One probe under way.
struct probe {
  int fd;
  int raw;  // sees every ICMP message of the family
  int is_v4;
  struct sockaddr_in6 from;
  struct sockaddr_in6 to;
};

static int is_mapped(const struct sockaddr_in6* a) { return IN6_IS_ADDR_V4MAPPED(&a->sin6_addr); }

static int open_raw(int is_v4) {
  const int fd = is_v4 ? socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)
                       : socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6);
  if (fd < 0) fail("raw socket");
  return fd;
}

// Does a quoted packet have the probe's addresses and ports?
static int is_ours(const struct probe* p, const unsigned char* quote, size_t size) {
  const size_t ip = p->is_v4 ? sizeof(struct ip) : sizeof(struct ip6_hdr);
  if (size < ip + 4) return 0;
  const size_t addresses = p->is_v4 ? 12 : 8, width = p->is_v4 ? 4 : 16;
  const unsigned char* src = (const unsigned char*)&p->from.sin6_addr + 16 - width;
  const unsigned char* dst = (const unsigned char*)&p->to.sin6_addr + 16 - width;
  return memcmp(quote + addresses, src, width) == 0 &&
         memcmp(quote + addresses + width, dst, width) == 0 &&
         memcmp(quote + ip, &p->from.sin6_port, 2) == 0 &&
         memcmp(quote + ip + 2, &p->to.sin6_port, 2) == 0;
}

// Reads one message; prints who says that the probe's hops ran out and returns 1, or 0.
static int hop(const struct probe* p) {
  unsigned char data[kFrame];
  struct sockaddr_storage from;
  socklen_t length = sizeof from;
  const ssize_t size =
      recvfrom(p->raw, data, sizeof data, MSG_DONTWAIT, (struct sockaddr*)&from, &length);
  if (size < 0) return 0;
  size_t at = 0;
  if (p->is_v4) at = (size_t)(data[0] & 15) * 4;  // IPv4's header comes along
  const unsigned char exceeded = p->is_v4 ? ICMP_TIMXCEED : ICMP6_TIME_EXCEEDED;
  if ((size_t)size < at + 8 || data[at] != exceeded) return 0;
  if (!is_ours(p, data + at + 8, (size_t)size - at - 8)) return 0;
  char text[INET6_ADDRSTRLEN];
  const void* who = p->is_v4 ? (const void*)&((struct sockaddr_in*)&from)->sin_addr
                             : (const void*)&((struct sockaddr_in6*)&from)->sin6_addr;
  puts(inet_ntop(p->is_v4 ? AF_INET : AF_INET6, who, text, sizeof text));
  return 1;
}

// How the probe ended at its destination: 0, ECONNREFUSED, or -1 if it has not got there.
static int arrived(const struct probe* p, int type) {
  char answer[64];
  int error = 0;
  socklen_t length = sizeof error;
  if (type == SOCK_DGRAM) {
    if (recv(p->fd, answer, sizeof answer, MSG_DONTWAIT) >= 0) return 0;
    return errno == ECONNREFUSED ? ECONNREFUSED : -1;
  }
  getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error == 0 || error == ECONNREFUSED ? error : -1;
}

// Waits for what the way says to one probe: 1, a router's name is printed; 0, the destination has
// answered, and how is in *error; ETIMEDOUT as -1.
static int listen_to(const struct probe* p, int type, long deadline, int* error) {
  short wanted = type == SOCK_STREAM ? POLLOUT : POLLIN;
  for (;;) {
    struct pollfd fds[2] = {{.fd = p->raw, .events = POLLIN}, {.fd = p->fd, .events = wanted}};
    const long left = deadline - now_ms();
    if (poll(fds, wanted ? 2 : 1, left > 0 ? (int)left : 0) <= 0) return -1;
    if (fds[0].revents && hop(p)) return 1;
    if (!wanted || !fds[1].revents) continue;
    *error = arrived(p, type);
    if (*error >= 0) return 0;
    if (type == SOCK_STREAM) wanted = 0;  // the kernel believed a router; so shall we, in a moment
  }
}

static struct probe send_probe(int type, const struct sockaddr_in6* to, int hops,
                               const struct options* o) {
  struct probe p = {.fd = open_socket(type | SOCK_NONBLOCK), .is_v4 = is_mapped(to), .to = *to};
  p.raw = open_raw(p.is_v4);
  setsockopt(p.fd, IPPROTO_IP, IP_TTL, &hops, sizeof hops);
  setsockopt(p.fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops);
  if (atoi(o->port)) {
    const struct sockaddr_in6 at = address("::", o->port);
    if (bind(p.fd, (const struct sockaddr*)&at, sizeof at) != 0) fail("bind");
  }
  if (connect(p.fd, (const struct sockaddr*)to, sizeof *to) != 0 && errno != EINPROGRESS)
    fail("connect");
  socklen_t length = sizeof p.from;
  getsockname(p.fd, (struct sockaddr*)&p.from, &length);
  if (type == SOCK_DGRAM && send(p.fd, "?", 1, 0) != 1) fail("send");
  return p;
}

// trace [-t MS] [-p PORT] tcp|udp ADDRESS PORT: the routers on the way, a line each, * for one that
// says nothing for MS, then "reached" or how it ended.
int trace(int argc, char** argv, const struct options* o) {
  if (argc != 3) return 2;
  const int type = strcmp(argv[0], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
  const struct sockaddr_in6 to = address(argv[1], argv[2]);
  for (int hops = 1; hops <= kMaxHops; hops++) {
    const struct probe p = send_probe(type, &to, hops, o);
    int error = 0;
    const int said = listen_to(&p, type, now_ms() + o->timeout, &error);
    close(p.fd);
    close(p.raw);
    if (said < 0) puts("*");
    if (said == 0) {
      if (error) return say(error);
      puts("reached");
      return 0;
    }
  }
  return say(ETIMEDOUT);
}

// pmtu [-t MS] [-p PORT] ADDRESS PORT BYTES: sends datagrams of that size that may not be
// fragmented until the socket refuses one, and prints the path MTU that the kernel then knows.
int pmtu(int argc, char** argv, const struct options* o) {
  if (argc != 3) return 2;
  const struct sockaddr_in6 to = address(argv[0], argv[1]);
  const struct sockaddr_in6 at = address("::", o->port);
  const int is_v4 = is_mapped(&to), on = IP_PMTUDISC_DO, on6 = IPV6_PMTUDISC_DO;
  const int fd = open_socket(SOCK_DGRAM);
  static char data[65536];
  setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &on6, sizeof on6);
  if (bind(fd, (const struct sockaddr*)&at, sizeof at) != 0) fail("bind");
  if (connect(fd, (const struct sockaddr*)&to, sizeof to) != 0) return say(errno);
  const long end = now_ms() + o->timeout;
  while (now_ms() < end) {
    if (send(fd, data, (size_t)atol(argv[2]), 0) < 0) {
      if (errno == ECONNREFUSED) continue;  // nobody listens there, and it does not matter
      if (errno != EMSGSIZE) return say(errno);
      int mtu = 0;
      socklen_t length = sizeof mtu;
      if (getsockopt(fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_MTU : IPV6_MTU, &mtu,
                     &length) != 0)
        fail("MTU");
      printf("mtu %d\n", mtu);
      return 0;
    }
    wait_for(fd, POLLERR, now_ms() + 20);
  }
  return say(ETIMEDOUT);
}
