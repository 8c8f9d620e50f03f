#include "daemon/peer_pings.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::daemon {
namespace {

using test::addr;

datapath::Peer written(const std::string& remote) {
  datapath::Peer out;
  out.remote = addr(remote);
  out.local = addr("198.18.0.1");
  return out;
}

TEST(PeerPings, PeersThatPacketsHaveAWayToArePinged) {
  engine::State state;
  state.peers["h2"].written = written("198.18.0.2");
  state.peers["h3"] = {};

  const auto targets = ping_targets(state);

  ASSERT_EQ(targets.size(), 1U);
  EXPECT_EQ(targets[0],
            (engine::ProbeTarget{
                .peer = "h2", .remote = addr("198.18.0.2"), .local = addr("198.18.0.1")}));
}

TEST(PeerPings, AnswersAreNotedAndSilenceForgetsThem) {
  engine::State state;
  state.peers["h2"] = {};
  state.peers["h3"].rtt = std::chrono::microseconds(70);

  note_pings(state, {{.peer = "h2", .rtt = std::chrono::microseconds(250)}, {.peer = "h3"}});

  EXPECT_EQ(state.peers["h2"].rtt, std::chrono::microseconds(250));
  EXPECT_FALSE(state.peers["h3"].rtt);
}

TEST(PeerPings, AnswersOfAPeerThatIsGoneAreNothing) {
  engine::State state;

  note_pings(state, {{.peer = "h2", .rtt = std::chrono::microseconds(250)}});

  EXPECT_TRUE(state.peers.empty());
}

}  // namespace
}  // namespace fairlead::daemon
