// tc_endpoint: what it notes for socket_shortcut.
#include <gtest/gtest.h>

#include "bpf/shared/shortcut.h"
#include "world.h"

namespace fairlead::test {
namespace {

class EndpointShortcutTest : public FamilyTest {
 protected:
  EndpointShortcutTest() : FamilyTest("tc_endpoint") {}
  void SetUp() override {
    WorldTest::SetUp();
    set_flags(1, FL_NET_SHORTCUT);
  }
  // B answers A.
  Packet answer(int flags) const {
    return packet(between(kB, kA), Ip{.src = b(), .dst = a()},
                  Tcp{.sport = 80,
                      .dport = 4000,
                      .flags = static_cast<std::uint8_t>(flags),
                      .seq = 0xffffffff,
                      .ack = 0x01020304});
  }
  std::vector<fl_handshake_key> noted() {
    return program().keys<fl_handshake_key>("fl_handshakes");
  }
};
FAIRLEAD_BOTH_FAMILIES(EndpointShortcutTest);

TEST_P(EndpointShortcutTest, ASynAckNamesBothEnds) {
  const Packet in = answer(kSyn | kAck);

  EXPECT_EQ(from(kB, in), redirected(FL_FORWARD_LOCAL, in));

  ASSERT_EQ(noted().size(), 1U);
  const fl_handshake_key want{.client = a().raw(),
                              .server = b().raw(),
                              .client_port = htons(4000),
                              .server_port = htons(80),
                              .client_next = 0x01020304,
                              .server_next = 0};
  const auto value = program().get<fl_handshake_key, fl_handshake>("fl_handshakes", want);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->network, 1U);
  EXPECT_EQ(value->client_ifindex, kA.ifindex());
  EXPECT_EQ(value->server_ifindex, kB.ifindex());
  EXPECT_EQ(value->client_sk, 0U);
  EXPECT_EQ(value->server_sk, 0U);
}

TEST_P(EndpointShortcutTest, ARepetitionForgetsNoSocket) {
  from(kB, answer(kSyn | kAck));
  const auto key = noted().at(0);
  auto value = program().get<fl_handshake_key, fl_handshake>("fl_handshakes", key).value();
  value.client_sk = 7;
  program().put("fl_handshakes", key, value);

  from(kB, answer(kSyn | kAck));

  EXPECT_EQ((program().get<fl_handshake_key, fl_handshake>("fl_handshakes", key)->client_sk), 7U);
}

TEST_P(EndpointShortcutTest, NothingElseIsNoted) {
  for (const int flags : {+kSyn, +kAck, kRst | kAck, kSyn | kAck | kRst, 0})
    from(kB, answer(flags));
  from(kB, packet(between(kB, kA), Ip{.src = b(), .dst = a()}, Udp{}, payload(30)));

  EXPECT_TRUE(noted().empty());
}

TEST_P(EndpointShortcutTest, ANetworkThatDoesNotAskForItHasNone) {
  set_flags(1, FL_NET_MASQUERADE);

  from(kB, answer(kSyn | kAck));

  EXPECT_TRUE(noted().empty());
}

TEST_P(EndpointShortcutTest, WithoutIccNothingIsNoted) {
  set_flags(1, FL_NET_SHORTCUT | FL_NET_NO_ICC);

  EXPECT_EQ(from(kB, answer(kSyn | kAck)), dropped(FL_DROP_ICC));

  EXPECT_TRUE(noted().empty());
}

TEST_P(EndpointShortcutTest, AForgedSourceIsNotNoted) {
  from(kB, packet(between(kB, kA), Ip{.src = c(), .dst = a()},
                  Tcp{.flags = static_cast<std::uint8_t>(kSyn | kAck)}));

  EXPECT_TRUE(noted().empty());
}

// The kernel would hand it on; the receiver drops it.
TEST_P(EndpointShortcutTest, AHeaderCutShortIsNotNoted) {
  const Packet whole = answer(kSyn | kAck);
  Packet cut = whole;
  cut.bytes.resize(cut.bytes.size() - 8);

  from(kB, cut);

  EXPECT_TRUE(noted().empty());
}

}  // namespace
}  // namespace fairlead::test
