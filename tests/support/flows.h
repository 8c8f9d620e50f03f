// Very many flows at a time: what the end that asks (flows.c) and the one that answers (answer.c)
// say.
//
// A flow that is mixed up with another shows: the answer must repeat what was asked, name the
// sender that was expected and the first question on that flow, and do so ever after.
#ifndef TESTS_SUPPORT_FLOWS_H
#define TESTS_SUPPORT_FLOWS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum { kEvents = 512 };

struct question {
  uint64_t tag;  // of the client
  uint32_t index;
  uint32_t round;
};

struct answer {
  struct question asked;
  struct question first;  // on this flow
  struct in6_addr peer;
  uint16_t peer_port;  // host byte order
  uint16_t port;       // the server's
  uint32_t pad;
};

// As many as this process may open: returns how many. Each end of very many flows is several
// processes.
int allow_many_files(void);
void* many(size_t count, size_t size);  // zeros

#endif
