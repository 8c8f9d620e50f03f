#include "cnm/ports.h"

#include <gtest/gtest.h>

namespace fairlead::cnm {
namespace {

PortMapping mapping(const std::string& host, std::uint16_t first, std::uint16_t last) {
  return {.protocol = 6,
          .container_port = 80,
          .host_address = host,
          .host_port = first,
          .host_port_end = last};
}

PortRequest only(const PortMapping& port) {
  const auto out = port_requests({port});
  EXPECT_TRUE(out) << out.error().message();
  return out ? out->at(0) : PortRequest();
}

TEST(Ports, NoHostAddressIsLeftToTheNetwork) {
  EXPECT_EQ(only(mapping("", 8080, 8080)).host_address, std::nullopt);
}

TEST(Ports, HostAddressesThatAreNamedStay) {
  for (const char* text : {"0.0.0.0", "::", "127.0.0.1", "192.0.2.1", "2001:db8::1"})
    EXPECT_EQ(only(mapping(text, 8080, 8080)).host_address, Address::parse(text).value()) << text;
}

TEST(Ports, ZeroIsAnyPortAndAMissingEndTheBeginning) {
  EXPECT_EQ(only(mapping("", 0, 0)).host_port_last, 0);
  EXPECT_EQ(only(mapping("", 8080, 0)).host_port_last, 8080);
  EXPECT_EQ(only(mapping("", 8000, 8010)).host_port_last, 8010);
}

TEST(Ports, TcpUdpAndSctpCanBePublishedOthersNot) {
  PortMapping port = mapping("", 1, 1);
  for (const unsigned known : {6U, 17U, 132U}) {
    port.protocol = known;
    EXPECT_TRUE(port_requests({port})) << known;
  }
  for (const unsigned unknown : {0U, 1U, 58U, 255U}) {
    port.protocol = unknown;
    EXPECT_FALSE(port_requests({port})) << unknown;
  }
}

TEST(Ports, WhatMakesNoSenseIsRefusedWithTheContainersPort) {
  PortMapping none = mapping("", 1, 1);
  none.container_port = 0;
  for (const PortMapping& bad : {mapping("", 9, 8), mapping("localhost", 8, 8), none}) {
    const auto out = port_requests({mapping("", 1, 1), bad});
    ASSERT_FALSE(out);
    EXPECT_TRUE(out.error().message().starts_with("publish container port "))
        << out.error().message();
  }
}

}  // namespace
}  // namespace fairlead::cnm
