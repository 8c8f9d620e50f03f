// The end that answers very many flows, and knows each by its first question.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flows.h"
#include "tool.h"

enum {
  kPeers = 1 << 17,  // slots of one worker's table; at the most half are used
  kWorkers = 8
};

int allow_many_files(void) {
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) fail("getrlimit");
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) fail("setrlimit");
  return (int)files.rlim_cur;
}

void* many(size_t count, size_t size) {
  void* out = calloc(count, size);
  if (!out) fail("calloc");
  return out;
}

struct served {
  struct answer answer;  // with it, who is at the other end
  size_t got;            // bytes of the question
  struct question question;
  char kind;  // of a file: 'l' listener, 'd' datagrams, 'c' connection; of a peer: 1, in use
};

static struct served* files;
static struct served* peers;

static void say_so(struct served* s, const struct question* asked) {
  if (s->answer.first.tag == 0) s->answer.first = *asked;
  s->answer.asked = *asked;
}

// The flow that a datagram belongs to, by the addresses and ports that it shows here.
static struct served* find_peer(const struct sockaddr_in6* from, uint16_t port) {
  const uint16_t peer_port = ntohs(from->sin6_port);
  uint64_t hash = (uint64_t)peer_port << 16 | port;
  uint64_t words[2];
  memcpy(words, &from->sin6_addr, sizeof words);
  hash = (hash ^ words[0] ^ words[1] * 31) * 0x9e3779b97f4a7c15U;
  for (size_t i = hash >> 40;; i++) {
    struct served* s = &peers[i % kPeers];
    if (s->kind && (s->answer.peer_port != peer_port || s->answer.port != port ||
                    memcmp(&s->answer.peer, &from->sin6_addr, sizeof from->sin6_addr) != 0))
      continue;
    s->kind = 1;
    s->answer.peer = from->sin6_addr;
    s->answer.peer_port = peer_port;
    s->answer.port = port;
    return s;
  }
}

static void watch(int epoll, int fd, char kind, int port) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  memset(&files[fd], 0, sizeof files[fd]);
  files[fd].kind = kind;
  files[fd].answer.port = (uint16_t)port;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

static void open_port(int epoll, int tcp, int port) {
  const int fd = open_socket((tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK);
  const struct sockaddr_in6 any = {.sin6_family = AF_INET6,
                                   .sin6_port = htons((unsigned short)port)};
  const int room = 8 << 20;
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  if (bind(fd, (const struct sockaddr*)&any, sizeof any) != 0) fail("bind");
  if (tcp && listen(fd, 65535) != 0) fail("listen");
  watch(epoll, fd, tcp ? 'l' : 'd', port);
}

static void take_all(int epoll, int listener) {
  struct sockaddr_in6 peer;
  for (;;) {
    socklen_t length = sizeof peer;
    const int fd =
        accept4(listener, (struct sockaddr*)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    watch(epoll, fd, 'c', files[listener].answer.port);
    files[fd].answer.peer = peer.sin6_addr;
    files[fd].answer.peer_port = ntohs(peer.sin6_port);
  }
}

static void answer_datagrams(int fd) {
  struct sockaddr_in6 from;
  struct question asked;
  for (;;) {
    socklen_t length = sizeof from;
    const ssize_t size =
        recvfrom(fd, &asked, sizeof asked, MSG_DONTWAIT, (struct sockaddr*)&from, &length);
    if (size < 0) return;
    if (size != sizeof asked) continue;
    struct served* s = find_peer(&from, files[fd].answer.port);
    say_so(s, &asked);
    sendto(fd, &s->answer, sizeof s->answer, MSG_DONTWAIT, (struct sockaddr*)&from, length);
  }
}

// Returns 0 when the connection is over.
static int answer_connection(int fd) {
  struct served* s = &files[fd];
  for (;;) {
    const ssize_t size =
        recv(fd, (char*)&s->question + s->got, sizeof s->question - s->got, MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return 0;
    s->got += (size_t)size;
    if (s->got < sizeof s->question) continue;
    s->got = 0;
    say_so(s, &s->question);
    if (send(fd, &s->answer, sizeof s->answer, MSG_NOSIGNAL) != sizeof s->answer) return 0;
  }
}

static _Noreturn void work(int tcp, int first, int count, int ready) {
  const int most = allow_many_files();
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  files = many((size_t)most, sizeof *files);
  peers = many(kPeers, sizeof *peers);
  for (int i = 0; i < count; i++) open_port(epoll, tcp, first + i);
  if (write(ready, "", 1) != 1) fail("pipe");
  struct epoll_event events[kEvents];
  for (;;) {
    const int heard = epoll_wait(epoll, events, kEvents, -1);
    for (int i = 0; i < heard; i++) {
      const int fd = events[i].data.fd;
      if (files[fd].kind == 'l') take_all(epoll, fd);
      if (files[fd].kind == 'd') answer_datagrams(fd);
      if (files[fd].kind == 'c' && !answer_connection(fd)) close(fd);
    }
  }
}

// answer tcp|udp FIRST COUNT: on COUNT ports from FIRST on. The kernel gives each flow to one
// worker.
_Noreturn void answer(int argc, char** argv) {
  int ready[2];
  char byte;
  if (argc != 3) exit(2);
  if (pipe(ready) != 0) fail("pipe");
  for (int i = 0; i < kWorkers; i++) {
    if (fork() != 0) continue;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    work(strcmp(argv[0], "tcp") == 0, atoi(argv[1]), atoi(argv[2]), ready[1]);
  }
  close(ready[1]);
  for (int i = 0; i < kWorkers; i++)
    if (read(ready[0], &byte, 1) != 1) fail("a worker");
  puts("ready");
  fflush(stdout);
  for (;;) pause();
}
