// What the tests run inside containers and on hosts: a server that tells each client the address it
// was seen with, a client that says in one word how an attempt ended, and multicast ears and
// mouths. Linked statically, because a container of the tests holds nothing but this and busybox.
#define _GNU_SOURCE
#include "tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kMaxFds = 4096, kLine = 512 };

_Noreturn void fail(const char* what) {
  fprintf(stderr, "tool: %s: %s\n", what, strerror(errno));
  exit(2);
}

long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct sockaddr_in6 address(const char* text, const char* port) {
  struct sockaddr_in6 out = {.sin6_family = AF_INET6,
                             .sin6_port = htons((unsigned short)atoi(port))};
  char copy[INET6_ADDRSTRLEN + 32];
  snprintf(copy, sizeof copy, strchr(text, ':') ? "%s" : "::ffff:%s", text);
  char* zone = strchr(copy, '%');
  if (zone) {
    *zone++ = 0;
    out.sin6_scope_id = if_nametoindex(zone);
  }
  if (inet_pton(AF_INET6, copy, &out.sin6_addr) != 1) {
    errno = EINVAL;
    fail(text);
  }
  return out;
}

static const char* print(const struct sockaddr_in6* from) {
  static char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, &from->sin6_addr, text, sizeof text);
  return strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text;
}

int open_socket(int type) {
  const int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  const int off = 0;
  const int on = 1;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  return fd;
}

// --- serve ------------------------------------------------------------------------------------

enum kind { kListener, kDatagram, kConnection };

static struct pollfd fds[kMaxFds];
static enum kind kinds[kMaxFds];
static nfds_t count;
static char name[64];

static void add(int fd, enum kind kind) {
  if (count == kMaxFds) {
    close(fd);
    return;
  }
  fds[count] = (struct pollfd){.fd = fd, .events = POLLIN};
  kinds[count++] = kind;
}

static void serve_port(int type, int port) {
  const int fd = open_socket(type);
  const int on = 1;
  setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)port)};
  if (bind(fd, (struct sockaddr*)&any, sizeof any) != 0) fail("bind");
  if (type == SOCK_STREAM && listen(fd, 1024) != 0) fail("listen");
  add(fd, type == SOCK_STREAM ? kListener : kDatagram);
}

// spec: [tcp:|udp:]FIRST[-LAST]; without a protocol, both.
static void serve_spec(const char* spec) {
  const int tcp = strncmp(spec, "udp:", 4) != 0;
  const int udp = strncmp(spec, "tcp:", 4) != 0;
  if (!tcp || !udp) spec += 4;
  const int first = atoi(spec);
  const char* dash = strchr(spec, '-');
  const int last = dash ? atoi(dash + 1) : first;
  for (int port = first; port <= last; port++) {
    if (tcp) serve_port(SOCK_STREAM, port);
    if (udp) serve_port(SOCK_DGRAM, port);
  }
}

static void greet(int listener) {
  struct sockaddr_in6 peer;
  socklen_t length = sizeof peer;
  const int fd = accept4(listener, (struct sockaddr*)&peer, &length, SOCK_CLOEXEC);
  if (fd < 0) return;
  char line[kLine];
  const int size = snprintf(line, sizeof line, "%s %s\n", name, print(&peer));
  if (send(fd, line, (size_t)size, MSG_NOSIGNAL) != size) {
    close(fd);
    return;
  }
  add(fd, kConnection);
}

// Answers from the very address that was asked, which a wildcard socket does not do by itself.
static void tell(int fd) {
  char data[kLine];
  char control[256];
  struct sockaddr_in6 peer;
  struct iovec io = {.iov_base = data, .iov_len = sizeof data};
  struct msghdr message = {.msg_name = &peer,
                           .msg_namelen = sizeof peer,
                           .msg_iov = &io,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof control};
  if (recvmsg(fd, &message, 0) < 0) return;
  io.iov_len = (size_t)snprintf(data, sizeof data, "%s %s\n", name, print(&peer));
  for (struct cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO) continue;
    struct in6_pktinfo* info = (struct in6_pktinfo*)CMSG_DATA(c);
    if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr)) info->ipi6_ifindex = 0;
    if (IN6_IS_ADDR_MULTICAST(&info->ipi6_addr)) message.msg_controllen = 0;
  }
  sendmsg(fd, &message, 0);
}

// Returns 0 when the connection is over.
static int echo(int fd) {
  char data[kLine];
  const ssize_t size = recv(fd, data, sizeof data, MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN;
  return size > 0 && send(fd, data, (size_t)size, MSG_NOSIGNAL) == size;
}

static _Noreturn void serve(int argc, char** argv) {
  gethostname(name, sizeof name - 1);
  for (int i = 0; i < argc; i++) serve_spec(argv[i]);
  puts("ready");
  fflush(stdout);
  for (;;) {
    if (poll(fds, count, -1) < 0) continue;
    for (nfds_t i = count; i-- > 0;) {
      if (!fds[i].revents) continue;
      if (kinds[i] == kListener) greet(fds[i].fd);
      if (kinds[i] == kDatagram) tell(fds[i].fd);
      if (kinds[i] != kConnection || echo(fds[i].fd)) continue;
      close(fds[i].fd);
      fds[i] = fds[--count];
      kinds[i] = kinds[count];
    }
  }
}

// --- ask --------------------------------------------------------------------------------------

int say(int error) {
  const char* word = error == ECONNREFUSED                           ? "refused"
                     : error == ETIMEDOUT || error == EAGAIN         ? "timeout"
                     : error == ENETUNREACH || error == EHOSTUNREACH ? "unreachable"
                     : error == ECONNRESET                           ? "reset"
                     : error == EACCES || error == EPERM             ? "prohibited"
                                                                     : strerror(error);
  puts(word);
  return 1;
}

int wait_for(int fd, short events, long deadline) {
  for (;;) {
    const long left = deadline - now_ms();
    struct pollfd p = {.fd = fd, .events = events};
    const int n = poll(&p, 1, left > 0 ? (int)left : 0);
    if (n > 0) return 0;
    if (n == 0) return ETIMEDOUT;
    if (errno != EINTR) return errno;
  }
}

static int connect_by(int fd, const struct sockaddr_in6* to, long deadline) {
  if (connect(fd, (const struct sockaddr*)to, sizeof *to) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  const int late = wait_for(fd, POLLOUT, deadline);
  if (late) return late;
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

static struct options options(int* argc, char** argv) {
  struct options o = {.timeout = 1000, .bind = NULL, .port = "0", .interface = NULL};
  int c;
  while ((c = getopt(*argc, argv, "+t:b:p:i:")) != -1) {
    if (c == 't') o.timeout = atol(optarg);
    if (c == 'b') o.bind = optarg;
    if (c == 'p') o.port = optarg;
    if (c == 'i') o.interface = optarg;
    if (c == '?') exit(2);
  }
  *argc -= optind;
  return o;
}

static void bind_as_told(int fd, const struct options* o) {
  if (!o->bind && atoi(o->port) == 0) return;
  const struct sockaddr_in6 at = address(o->bind ? o->bind : "::", o->port);
  if (bind(fd, (const struct sockaddr*)&at, sizeof at) != 0) fail("bind");
}

// ask [-t MS] [-b ADDRESS] [-p PORT] tcp|udp ADDRESS PORT: prints the answer, or why there is none.
static int ask(int argc, char** argv, const struct options* o) {
  if (argc != 3) return 2;
  const int type = strcmp(argv[0], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
  const int fd = open_socket(type | SOCK_NONBLOCK);
  const long deadline = now_ms() + o->timeout;
  const struct sockaddr_in6 to = address(argv[1], argv[2]);
  bind_as_told(fd, o);
  const int error = connect_by(fd, &to, deadline);
  if (error) return say(error);
  if (type == SOCK_DGRAM && send(fd, "?", 1, 0) != 1) return say(errno);
  const int late = wait_for(fd, POLLIN, deadline);
  if (late) return say(late);
  char line[kLine];
  const ssize_t size = recv(fd, line, sizeof line - 1, 0);
  if (size < 0) return say(errno);
  if (size == 0) return say(ECONNRESET);
  fwrite(line, 1, (size_t)size, stdout);
  return 0;
}

// stream [-t MS] ADDRESS PORT: one TCP connection, a line every 10 ms for that long; each must come
// back.
static int stream(int argc, char** argv, const struct options* o) {
  if (argc != 2) return 2;
  const int fd = open_socket(SOCK_STREAM);
  const struct sockaddr_in6 to = address(argv[0], argv[1]);
  const struct timeval patience = {.tv_sec = 10};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  char line[kLine];
  if (connect(fd, (const struct sockaddr*)&to, sizeof to) != 0) return say(errno);
  if (recv(fd, line, sizeof line, 0) <= 0) return say(errno);
  const long end = now_ms() + o->timeout;
  long sent = 0;
  long worst = 0;
  while (now_ms() < end) {
    const long start = now_ms();
    if (send(fd, "x", 1, MSG_NOSIGNAL) != 1) return say(errno);
    if (recv(fd, line, 1, 0) != 1) return say(errno ? errno : ECONNRESET);
    const long took = now_ms() - start;
    if (took > worst) worst = took;
    sent++;
    usleep(10000);
  }
  printf("kept %ld worst-ms %ld\n", sent, worst);
  return 0;
}

// --- broadcast and multicast ------------------------------------------------------------------

// hear [-t MS] [-i DEVICE] GROUP PORT: prints "ready", then the first datagram and who sent it.
static int hear(int argc, char** argv, const struct options* o) {
  if (argc != 2) return 2;
  const int fd = open_socket(SOCK_DGRAM);
  const struct sockaddr_in6 group = address(argv[0], argv[1]);
  const unsigned device = if_nametoindex(o->interface ? o->interface : "eth0");
  struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = group.sin6_port};
  if (bind(fd, (struct sockaddr*)&at, sizeof at) != 0) fail("bind");
  const unsigned char* bytes = group.sin6_addr.s6_addr;
  if (IN6_IS_ADDR_MULTICAST(&group.sin6_addr)) {
    struct ipv6_mreq join = {.ipv6mr_multiaddr = group.sin6_addr, .ipv6mr_interface = device};
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &join, sizeof join) != 0) fail("join");
  } else if (bytes[12] >= 224 && bytes[12] <= 239) {
    struct ip_mreqn join = {.imr_ifindex = (int)device};
    memcpy(&join.imr_multiaddr, bytes + 12, 4);
    if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join) != 0) fail("join");
  }
  puts("ready");
  fflush(stdout);
  const int late = wait_for(fd, POLLIN, now_ms() + o->timeout);
  if (late) return say(late);
  char data[kLine];
  struct sockaddr_in6 from;
  socklen_t length = sizeof from;
  const ssize_t size = recvfrom(fd, data, sizeof data, 0, (struct sockaddr*)&from, &length);
  if (size < 0) return say(errno);
  printf("%.*s from %s\n", (int)size, data, print(&from));
  return 0;
}

// shout [-i DEVICE] ADDRESS PORT TEXT: one datagram, three times, 50 ms apart.
static int shout(int argc, char** argv, const struct options* o) {
  if (argc != 3) return 2;
  const int fd = open_socket(SOCK_DGRAM);
  struct sockaddr_in6 to = address(argv[0], argv[1]);
  const int device = (int)if_nametoindex(o->interface ? o->interface : "eth0");
  const struct ip_mreqn out = {.imr_ifindex = device};
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
  setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &device, sizeof device);
  for (int i = 0; i < 3; i++) {
    if (sendto(fd, argv[2], strlen(argv[2]), 0, (struct sockaddr*)&to, sizeof to) < 0)
      return say(errno);
    usleep(50000);
  }
  puts("sent");
  return 0;
}

int main(int argc, char** argv) {
  signal(SIGTERM, exit);
  signal(SIGINT, exit);
  if (argc < 2) {
    fputs(
        "usage: tool serve|ask|stream|hear|shout|sink|sizes|segments|beat|bulk|"
        "answer|flows|syns|trace|pmtu ...\n",
        stderr);
    return 2;
  }
  const char* verb = argv[1];
  argc--;
  argv++;
  if (strcmp(verb, "serve") == 0) serve(argc - 1, argv + 1);
  if (strcmp(verb, "sink") == 0) sink(argc - 1, argv + 1);
  if (strcmp(verb, "answer") == 0) answer(argc - 1, argv + 1);
  const struct options o = options(&argc, argv);
  argv += optind;
  if (strcmp(verb, "ask") == 0) return ask(argc, argv, &o);
  if (strcmp(verb, "stream") == 0) return stream(argc, argv, &o);
  if (strcmp(verb, "hear") == 0) return hear(argc, argv, &o);
  if (strcmp(verb, "shout") == 0) return shout(argc, argv, &o);
  if (strcmp(verb, "sizes") == 0) return sizes(argc, argv, &o);
  if (strcmp(verb, "segments") == 0) return segments(argc, argv, &o);
  if (strcmp(verb, "beat") == 0) return beat(argc, argv, &o);
  if (strcmp(verb, "bulk") == 0) return bulk(argc, argv, &o);
  if (strcmp(verb, "flows") == 0) return flows(argc, argv, &o);
  if (strcmp(verb, "syns") == 0) return syns(argc, argv, &o);
  if (strcmp(verb, "trace") == 0) return trace(argc, argv, &o);
  if (strcmp(verb, "pmtu") == 0) return pmtu(argc, argv, &o);
  fprintf(stderr, "tool: no verb %s\n", verb);
  return 2;
}
