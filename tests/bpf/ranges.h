// Published ranges, and lists of who may reach them, as the daemon writes them.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "world.h"

namespace fairlead::test {

class RangeTest : public FamilyTest {
 protected:
  using FamilyTest::FamilyTest;

  struct Range {
    std::uint16_t first;
    std::uint16_t count;
    std::uint16_t to_port;
    std::uint32_t list = 0;
    std::uint8_t proto = IPPROTO_TCP;
  };

  void publish_range(const Addr& on, const Range& range, const Endpoint& to) {
    publish(on, range.first, range.proto, to, range.to_port, GetParam());
    const fl_port_key key{
        .addr = on.raw(), .port = htons(range.first), .proto = range.proto, .pad = 0};
    auto value = program().get<fl_port_key, fl_port>("fl_ports", key).value_or(fl_port{});
    value.count = range.count;
    value.list = range.list;
    program().put("fl_ports", key, value);
    const std::size_t slot = range.proto == IPPROTO_TCP ? 0 : range.proto == IPPROTO_UDP ? 1 : 2;
    const auto first =
        program().get<std::uint32_t, fl_port_bits>("fl_port_bits", range.first)->first[slot];
    for (std::uint32_t port = range.first; port < std::uint32_t{range.first} + range.count;
         ++port) {
      auto bits =
          program().get<std::uint32_t, fl_port_bits>("fl_port_bits", port).value_or(fl_port_bits{});
      bits.flags |= 1U << slot;
      bits.first[slot] = first;
      program().put("fl_port_bits", port, bits);
    }
  }

  // `length`: bits of the address's own family; whoever no entry holds may not.
  void say(std::uint32_t list, const Addr& address, std::uint32_t length, fl_source what) {
    const std::uint32_t before = 32 + (v4() ? 96 : 0);
    program().put("fl_sources",
                  fl_source_key{.prefix = before + length, .list = list, .addr = address.raw()},
                  static_cast<std::uint32_t>(what));
  }
  void say_to_everyone(std::uint32_t list, fl_source what) {
    program().put("fl_sources", fl_source_key{.prefix = 32, .list = list, .addr = {}},
                  static_cast<std::uint32_t>(what));
  }
  std::uint32_t whole() const { return v4() ? 32 : 128; }
};

}  // namespace fairlead::test
