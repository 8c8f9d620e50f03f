#include "netlink/fq.h"

#include <net/if.h>

#include "tests/unit/netlink/own_namespace.h"

namespace fairlead::netlink {
namespace {

class FqTest : public test::OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    ASSERT_EQ(run("ip link add dev near type veth peer name far && ip link set near up"), 0);
    index_ = static_cast<int>(if_nametoindex("near"));
  }

  int index_ = 0;
};

TEST_F(FqTest, is_there_afterwards_where_the_kernel_has_it) {
  const bool known = run("tc qdisc add dev far root fq 2>/dev/null") == 0;
  for (int again = 0; again < 2; ++again) {
    const auto put = put_fq(index_);
    ASSERT_TRUE(put) << put.error().message();
    EXPECT_EQ(*put, known);
    EXPECT_EQ(run("tc qdisc show dev near | grep -q '^qdisc fq '") == 0, known);
  }
}

TEST_F(FqTest, takes_the_place_of_another_qdisc) {
  ASSERT_EQ(run("tc qdisc add dev near root handle 7: tbf rate 1mbit burst 10k latency 50ms"), 0);
  const auto put = put_fq(index_);
  ASSERT_TRUE(put) << put.error().message();
  EXPECT_EQ(run("tc qdisc show dev near | grep -q tbf") == 0, !*put);
}

TEST_F(FqTest, a_device_that_is_not_there_is_an_error) {
  const auto put = put_fq(4711);
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), Errc::not_found);
}

}  // namespace
}  // namespace fairlead::netlink
