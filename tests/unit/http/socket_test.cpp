#include "http/socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>

#include "temp_dir.h"

namespace fairlead::http {
namespace {

TEST(Socket, IsMadeWithItsFolderForItsOwnerOnlyAndClosedOnExec) {
  const TempDir dir;
  const std::string path = dir / "sub/x.sock";

  const auto fd = listen_unix(path);

  ASSERT_TRUE(fd) << fd.error().message();
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(::fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(bound_path(fd->get()), path);
}

TEST(Socket, FileThatNobodyListensOnIsReplaced) {
  const TempDir dir;
  { ASSERT_TRUE(listen_unix(dir / "x.sock")); }
  ASSERT_TRUE(std::filesystem::exists(dir / "x.sock"));

  EXPECT_TRUE(listen_unix(dir / "x.sock"));
}

TEST(Socket, PathOfALivingListenerIsRefused) {
  const TempDir dir;
  const auto first = listen_unix(dir / "x.sock");
  ASSERT_TRUE(first);

  const auto second = listen_unix(dir / "x.sock");

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Errc::conflict);
  EXPECT_NE(second.error().message().find("another process listens"), std::string::npos);
}

TEST(Socket, OrdinaryFileIsNeverDeleted) {
  const TempDir dir;
  std::ofstream(dir / "x.sock") << "precious";

  const auto fd = listen_unix(dir / "x.sock");

  ASSERT_FALSE(fd);
  EXPECT_EQ(fd.error().code(), Errc::invalid_argument);
  EXPECT_TRUE(std::filesystem::exists(dir / "x.sock"));
}

TEST(Socket, PathTooLongForTheKernelIsRefusedInWords) {
  const auto fd = listen_unix("/tmp/" + std::string(200, 'x'));

  ASSERT_FALSE(fd);
  EXPECT_NE(fd.error().message().find("107 characters"), std::string::npos);
}

TEST(Socket, InheritedListenerIsTakenAndMadeCloseOnExec) {
  const TempDir dir;
  auto made = listen_unix(dir / "x.sock");
  ASSERT_TRUE(made);
  const int raw = ::dup(made->get());  // as systemd hands it over: not close-on-exec
  ASSERT_EQ(::fcntl(raw, F_GETFD) & FD_CLOEXEC, 0);

  const auto adopted = adopt_listener(raw);

  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(::fcntl(raw, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  EXPECT_EQ(bound_path(adopted->get()), dir / "x.sock");
}

TEST(Socket, InheritedFdThatDoesNotListenIsRefused) {
  const UniqueFd plain(::socket(AF_UNIX, SOCK_STREAM, 0));

  const auto adopted = adopt_listener(plain.get());

  ASSERT_FALSE(adopted);
  EXPECT_NE(adopted.error().message().find("does not listen"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::http
