#include "relay/socket_name.h"

#include "sockets.h"

namespace fairlead::relay {
namespace {

TEST(SocketNameTest, NamesSurviveTheKernelsForm) {
  for (const SocketName& name : {SocketName{.address = addr("192.0.2.1"), .port = 80},
                                 SocketName{.address = addr("2001:db8::1"), .port = 65535},
                                 SocketName{.address = addr("fe80::1"), .port = 1, .scope = 7}})
    EXPECT_EQ(parse(raw(name)), name);
}

TEST(SocketNameTest, MappedAddressIsIpv4) {
  Socket server = Socket::bound(SOCK_DGRAM, "::");
  Socket client = Socket::connected(SOCK_DGRAM, "127.0.0.1", server.port());
  ASSERT_TRUE(client.send("x"));

  EXPECT_EQ(server.receive_from().second.address, addr("127.0.0.1"));
}

TEST(SocketNameTest, LoopbackIsThisHosts) {
  EXPECT_TRUE(is_own({.address = addr("127.0.0.1")}));
  EXPECT_TRUE(is_own({.address = addr("127.1.2.3")}));
  EXPECT_TRUE(is_own({.address = addr("::1")}));
}

TEST(SocketNameTest, AddressOfAnotherHostIsNot) {
  EXPECT_FALSE(is_own({.address = addr("198.18.77.1")}));
  EXPECT_FALSE(is_own({.address = addr("2001:db8:77::1")}));
  EXPECT_FALSE(is_own({.address = addr("0.0.0.0")}));
  EXPECT_FALSE(is_own({.address = addr("fe80::1"), .scope = 1}));
}

}  // namespace
}  // namespace fairlead::relay
