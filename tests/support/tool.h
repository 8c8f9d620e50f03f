// What the parts of the tests' tool share.
#ifndef TESTS_SUPPORT_TOOL_H
#define TESTS_SUPPORT_TOOL_H

#include <netinet/in.h>

struct options {
  long timeout;  // ms
  const char* bind;
  const char* port;
  const char* interface;
};

// Ends the program: exit code 2, with what failed and errno.
__attribute__((noreturn)) void fail(const char* what);
long now_ms(void);
// Accepts IPv4 and IPv6; an IPv4 address becomes a v4-mapped one, so that every socket is an IPv6
// socket.
struct sockaddr_in6 address(const char* text, const char* port);
int open_socket(int type);
// 0, or ETIMEDOUT at `deadline` (now_ms()), or another errno.
int wait_for(int fd, short events, long deadline);
// Prints the one word for an errno; returns 1.
int say(int error);

// traffic.c; each says what it does, and returns the program's exit code.
__attribute__((noreturn)) void sink(int argc, char** argv);
int sizes(int argc, char** argv, const struct options* o);
int segments(int argc, char** argv, const struct options* o);
int beat(int argc, char** argv, const struct options* o);
int bulk(int argc, char** argv, const struct options* o);

// trace.c
int trace(int argc, char** argv, const struct options* o);
int pmtu(int argc, char** argv, const struct options* o);

// answer.c, flows.c, syns.c
__attribute__((noreturn)) void answer(int argc, char** argv);
int flows(int argc, char** argv, const struct options* o);
int syns(int argc, char** argv, const struct options* o);

#endif
