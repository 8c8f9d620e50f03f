// The end that asks on very many flows, and holds them all open.
#define _GNU_SOURCE
#include "flows.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tool.h"

enum {
  kWindow = 512,  // questions under way at a time: what a wire of veths holds without loss
  kAgainMs = 300  // a datagram may be lost: asked again after that
};

static int same(const struct question* a, const struct question* b) {
  return a->tag == b->tag && a->index == b->index;
}

enum state { kIdle, kConnecting, kAsked, kBroken };

struct flow {
  int fd;
  enum state state;
  long asked_at;  // ms
  size_t got;     // bytes of the answer
  struct answer answer;
  struct in6_addr seen;  // what the server sees, from the first round on
  uint16_t seen_port;
  struct sockaddr_in6 local;
};

static struct {
  struct flow* flows;
  uint32_t count;
  int tcp;
  int epoll;
  long patience;  // ms without any progress
  struct sockaddr_in6 target;
  int ports;
  const char* seen_as;  // the address that the server must see; NULL: each flow's own, port too
  uint64_t tag;
  uint32_t round;
  uint32_t under_way;
  uint32_t wrong;
} all;

static volatile sig_atomic_t again;
static volatile sig_atomic_t enough;

static void note(int number) {
  if (number == SIGUSR1) again = 1;
  if (number == SIGTERM) enough = 1;
}

static void complain(const struct flow* f, const char* what) {
  if (all.wrong++ < 5) {
    printf("flow %td, local port %d, round %u: %s\n", f - all.flows, ntohs(f->local.sin6_port),
           all.round, what);
  }
}

static void end_question(struct flow* f, const char* wrong) {
  if (f->state == kConnecting || f->state == kAsked) all.under_way--;
  f->state = wrong ? kBroken : kIdle;
  if (!wrong) return;
  complain(f, wrong);
  epoll_ctl(all.epoll, EPOLL_CTL_DEL, f->fd, NULL);
}

static void ask(struct flow* f) {
  const struct question question = {all.tag, (uint32_t)(f - all.flows), all.round};
  if (f->state != kAsked && f->state != kConnecting) all.under_way++;
  f->state = kAsked;
  f->asked_at = now_ms();
  f->got = 0;
  const ssize_t size = send(f->fd, &question, sizeof question, MSG_NOSIGNAL);
  if (size != sizeof question && (all.tcp || errno != ECONNREFUSED))
    end_question(f, strerror(errno));
}

static int target_port(const struct flow* f) {
  return ntohs(all.target.sin6_port) + (int)((uint32_t)(f - all.flows) % (uint32_t)all.ports);
}

// What is wrong with a whole answer, or NULL. Datagrams asked twice are answered twice: *late.
static const char* judge(struct flow* f, int* late) {
  const struct answer* a = &f->answer;
  const struct question mine = {all.tag, (uint32_t)(f - all.flows), all.round};
  *late = 0;
  if (!same(&a->asked, &mine)) return "the answer is for another flow";
  if (!same(&a->first, &mine)) return "the server knows this flow as another one";
  if (a->asked.round != mine.round) {
    *late = !all.tcp;
    return *late ? NULL : "the answer is for another round";
  }
  if (a->port != target_port(f)) return "another port of the server has it";
  if (f->seen_port && (memcmp(&f->seen, &a->peer, sizeof a->peer) || f->seen_port != a->peer_port))
    return "the server sees another address or port than before";
  const struct sockaddr_in6 want = all.seen_as ? address(all.seen_as, "0") : f->local;
  if (memcmp(&want.sin6_addr, &a->peer, sizeof a->peer) != 0)
    return "the server sees another address";
  if (!all.seen_as && ntohs(f->local.sin6_port) != a->peer_port)
    return "the server sees another port";
  f->seen = a->peer;
  f->seen_port = a->peer_port;
  return NULL;
}

static void hear(struct flow* f) {
  for (;;) {
    const ssize_t size =
        recv(f->fd, (char*)&f->answer + f->got, sizeof f->answer - f->got, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0 && !all.tcp && errno == ECONNREFUSED) return;
    if (size <= 0) return end_question(f, size ? strerror(errno) : "closed by the server");
    f->got += (size_t)size;
    if (f->got < sizeof f->answer) continue;
    f->got = 0;
    int late = 0;
    const char* wrong = judge(f, &late);
    if (late || (f->state == kIdle && !all.tcp && !wrong)) continue;
    if (f->state != kAsked && !wrong) wrong = "an answer to no question";
    end_question(f, wrong);
    if (wrong) return;
  }
}

static void start(struct flow* f) {
  f->fd = open_socket((all.tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK);
  if (bind(f->fd, (const struct sockaddr*)&f->local, sizeof f->local) != 0) fail("bind");
  struct sockaddr_in6 to = all.target;
  to.sin6_port = htons((uint16_t)target_port(f));
  struct epoll_event event = {.events = all.tcp ? EPOLLOUT : EPOLLIN, .data = {.ptr = f}};
  const int failed = connect(f->fd, (const struct sockaddr*)&to, sizeof to);
  if (failed && errno != EINPROGRESS) return end_question(f, strerror(errno));
  if (epoll_ctl(all.epoll, EPOLL_CTL_ADD, f->fd, &event) != 0) fail("epoll_ctl");
  if (!all.tcp) return ask(f);
  f->state = kConnecting;
  f->asked_at = now_ms();
  all.under_way++;
}

static void on_event(struct flow* f) {
  if (f->state != kConnecting) return hear(f);
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &length);
  if (error) return end_question(f, strerror(error));
  struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = f}};
  epoll_ctl(all.epoll, EPOLL_CTL_MOD, f->fd, &event);
  ask(f);
}

static void ask_again_what_is_late(void) {
  const long now = now_ms();
  for (uint32_t i = 0; i < all.count; i++) {
    if (all.flows[i].state == kAsked && now - all.flows[i].asked_at > kAgainMs) ask(&all.flows[i]);
  }
}

// One question on each flow, `kWindow` at a time. Flows that broke are told of and left out.
static void go_round(int first) {
  struct epoll_event events[kEvents];
  long progress = now_ms();
  long checked = progress;
  all.round++;
  for (uint32_t next = 0; next < all.count || all.under_way;) {
    for (; next < all.count && all.under_way < kWindow; next++) {
      if (first)
        start(&all.flows[next]);
      else if (all.flows[next].state != kBroken)
        ask(&all.flows[next]);
    }
    const uint32_t before = all.under_way;
    const int count = epoll_wait(all.epoll, events, kEvents, 50);
    for (int i = 0; i < count; i++) on_event(events[i].data.ptr);
    const long now = now_ms();
    if (all.under_way != before) progress = now;
    if (!all.tcp && now - checked > kAgainMs) {
      ask_again_what_is_late();
      checked = now;
    }
    if (now - progress < all.patience) continue;
    for (uint32_t i = 0; i < all.count; i++) {
      struct flow* f = &all.flows[i];
      if (f->state == kConnecting) end_question(f, "no connection");
      if (f->state == kAsked) end_question(f, "no answer");
    }
  }
  printf("round %u: %u right, %u wrong\n", all.round, all.count - all.wrong, all.wrong);
  fflush(stdout);
}

static void make_flows(uint32_t count, int port, char** sources, int source_count) {
  all.count = count;
  all.flows = many(count, sizeof *all.flows);
  for (uint32_t i = 0; i < count; i++) {
    all.flows[i].local = address(sources[(int)i % source_count], "0");
    all.flows[i].local.sin6_port = htons((uint16_t)(port + (int)i / source_count));
  }
}

// flows [-t MS] [-b ADDRESS] tcp|udp TARGET FIRST PORTS COUNT LOCALPORT SOURCE...: COUNT flows to
// ports FIRST .. FIRST + PORTS - 1 of TARGET in turn, from local ports LOCALPORT on of each SOURCE.
// One round at once and another at each SIGUSR1; SIGTERM ends all. ADDRESS: whom the server sees.
int flows(int argc, char** argv, const struct options* o) {
  if (argc < 7) return 2;
  allow_many_files();
  all.tcp = strcmp(argv[0], "tcp") == 0;
  all.patience = o->timeout;
  all.seen_as = o->bind;
  all.target = address(argv[1], argv[2]);
  all.ports = atoi(argv[3]);
  all.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (getrandom(&all.tag, sizeof all.tag, 0) != sizeof all.tag) fail("getrandom");
  make_flows((uint32_t)atoi(argv[4]), atoi(argv[5]), argv + 6, argc - 6);
  sigset_t both;
  sigset_t none;
  sigemptyset(&none);
  sigemptyset(&both);
  sigaddset(&both, SIGUSR1);
  sigaddset(&both, SIGTERM);
  sigprocmask(SIG_BLOCK, &both, NULL);
  const struct sigaction action = {.sa_handler = note};
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  go_round(1);
  while (!enough) {
    if (again) {
      again = 0;
      go_round(0);
    } else {
      sigsuspend(&none);
    }
  }
  return all.wrong != 0;
}
