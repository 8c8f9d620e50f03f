// Frames through the kernel's real hooks, on veth pairs of the test's own namespace.
#pragma once

#include <cstdint>
#include <string>

#include "packet.h"

namespace fairlead::test {

// A program at a device's clsact hook for the life of the object.
class AtHook {
 public:
  AtHook(int program, const std::string& device, bool egress);
  ~AtHook();
  AtHook(const AtHook&) = delete;
  AtHook& operator=(const AtHook&) = delete;

 private:
  int ifindex_;
  bool egress_;
};

// A program at a device's native XDP hook for the life of the object.
class AtXdp {
 public:
  AtXdp(int program, const std::string& device);
  ~AtXdp();
  AtXdp(const AtXdp&) = delete;
  AtXdp& operator=(const AtXdp&) = delete;

 private:
  int ifindex_;
};

// Sends one frame out of a device as it is. With `linear` bytes in the skb's linear part and the
// rest in page fragments, if the frame is larger than a page; 0: the kernel's choice.
void send_frame(const std::string& device, const Packet& packet, std::uint16_t linear = 0);

}  // namespace fairlead::test
