// The ways that most packets of a host go, one packet of each.
#pragma once

#include <string>
#include <vector>

#include "host.h"

namespace fairlead::bench {

// One packet into one program. It must be forwarded, for the reason that is given.
struct Step {
  test::BpfProgram* program = nullptr;
  test::Packet packet = {};
  test::RunOptions options = {};
  fl_reason reason = FL_OK;
};

struct FastPath {
  std::string id;
  std::string what;
  std::string row;  // of design.md section 8: "encap", "decap_tc", "decap_xdp", "nat"; or none
  bool xdp = false;
  std::uint32_t taken_off = 0;  // bytes that the program takes off the front
  bool grows = false;           // the program puts bytes in front, for good
  std::vector<Step> opening;    // packets that open the flow
  Step step;                    // the packet that is measured
};

std::vector<FastPath> fast_paths(Host& host);

// Sends the packets that open the flow. False and a message in `why` if one goes another way.
bool open_flow(const FastPath& path, std::string* why);

// Sends one packet; the same.
bool send(const Step& step, bool xdp, std::string* why);

}  // namespace fairlead::bench
