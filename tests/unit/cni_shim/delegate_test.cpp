#include "cni-shim/delegate.h"

#include <gtest/gtest.h>

#include "tests/unit/cni_shim/shim_support.h"

namespace fairlead::cni {
namespace {

class Delegate : public ShimTest {};

TEST_F(Delegate, HasTheEnvironmentAndTheInput) {
  plugin("ipam", R"(printf '%s %s ' "$CNI_COMMAND" "$CNI_CONTAINERID"; cat)");
  const auto done = run_plugin("ipam", "DEL", call("ADD", "the input"));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(*done, "DEL c1 the input");
}

TEST_F(Delegate, MuchInputAndOutputBlockNobody) {
  plugin("ipam", "cat; cat >/dev/null");
  const std::string much(900000, 'x');
  const auto done = run_plugin("ipam", "ADD", call("ADD", much));
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->size(), much.size());
  EXPECT_EQ(run_plugin("ipam", "ADD", call("ADD", much + much)).error().code, Code::io);
}

TEST_F(Delegate, ItsErrorObjectIsOurs) {
  plugin("ipam",
         R"(echo '{"cniVersion":"1.0.0","code":7,"msg":"no range","details":"d"}'; exit 1)");
  const auto done = run_plugin("ipam", "ADD", call("ADD", ""));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::config);
  EXPECT_EQ(done.error().message, "IPAM plugin ipam: no range");
  EXPECT_EQ(done.error().details, "d");
}

TEST_F(Delegate, OneThatHangsIsKilled) {
  plugin("ipam", "exec sleep 60");
  Call late = call("ADD", "");
  late.deadline = std::chrono::steady_clock::now();
  const auto done = run_plugin("ipam", "ADD", late);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::again);
}

TEST_F(Delegate, IsFoundInTheFoldersOfThePathOnly) {
  plugin("ipam", "true");
  std::ofstream(dir_ / "text") << "not to be run";
  EXPECT_EQ(find_plugin("ipam", "/nonexistent::" + dir_.path()).value(), dir_ / "ipam");
  EXPECT_EQ(find_plugin("ipam", "/nonexistent").error().code, Code::environment);
  EXPECT_FALSE(find_plugin("ipam", ""));
  EXPECT_FALSE(find_plugin("text", dir_.path()));
}

}  // namespace
}  // namespace fairlead::cni
