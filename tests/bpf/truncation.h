// Every prefix of a packet, and what "harmless" means for it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "world.h"

namespace fairlead::test {

// The shortest frame that a test run takes: an Ethernet header, and the IP header of the
// EtherType. Shorter ones go through a real hook: expect_cut_ip_headers().
std::size_t shortest_run(const Packet& packet);

struct Kind {
  std::string name;
  Packet packet;
  // Where the headers end that the program must have seen before it may change or send it.
  std::size_t headers;
};

// Kinds that a container sends: all protocols, to a neighbour, the gateway, outside, everyone.
std::vector<Kind> kinds_from_a();
// Kinds that arrive on the uplink for A: published, answers, and what is the host's.
std::vector<Kind> kinds_from_outside();
// Kinds that the host sends to B.
std::vector<Kind> kinds_from_host();

// Frames cut within the IP header, through the hook of `device`, are counted for `reason` alone.
void expect_cut_ip_headers(BpfProgram& program, const std::string& device, BpfProgram::Hook hook,
                           const Eth& eth, fl_reason reason);

// Runs the whole packet, then each prefix of it, each with the maps that `prepare` leaves.
// Harmless is: dropped; or left alone and unchanged (only if `may_leave_alone`); or, when all
// headers are there, exactly the prefix of what the whole packet became, for the same reason;
// or an answer to the sender itself (ICMP error, neighbour advertisement).
void expect_prefixes_harmless(const Kind& kind, bool may_leave_alone,
                              const std::function<void()>& prepare,
                              const std::function<Ran(const Packet&)>& run);

}  // namespace fairlead::test
