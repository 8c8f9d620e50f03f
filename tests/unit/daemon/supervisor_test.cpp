#include "daemon/supervisor.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "http/socket.h"
#include "tests/unit/http/temp_dir.h"

namespace fairlead::daemon {
namespace {

TEST(Supervisor, WithoutSystemdThereIsNothingToInheritAndNobodyToTell) {
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_USEC");

  notify_ready("x");
  notify_alive();
  EXPECT_TRUE(inherited_sockets().value().empty());
  EXPECT_EQ(watchdog_period(), std::nullopt);
}

TEST(Supervisor, SocketsAreFoundByNameAndByPath) {
  const TempDir dir;
  std::vector<Inherited> sockets;
  for (const char* name : {"a", "b", "c"})
    sockets.push_back({.fd = http::listen_unix(dir / name).value(),
                       .name = std::string("fairlead-") + name,
                       .path = dir / name});

  EXPECT_TRUE(take_socket(sockets, "fairlead-b", "/elsewhere"));
  EXPECT_TRUE(take_socket(sockets, "unknown", dir / "c"));
  EXPECT_FALSE(take_socket(sockets, "unknown", dir / "b"));
  ASSERT_EQ(sockets.size(), 1U);
  EXPECT_EQ(sockets[0].name, "fairlead-a");
}

}  // namespace
}  // namespace fairlead::daemon
