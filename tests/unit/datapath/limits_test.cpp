// Endpoints with rate limits, on the real kernel.
#include "tests/unit/datapath/datapath_test.h"

namespace fairlead::datapath {
namespace {

class LimitsTest : public DatapathTest {
 protected:
  std::optional<fl_rate> limits(const EndpointDevice& device) {
    auto value = open<__u32, fl_rate>("fl_rates").get(static_cast<__u32>(device.index));
    EXPECT_TRUE(value);
    return value.value_or(std::nullopt);
  }

  __u32 flags(const EndpointDevice& device) {
    auto value = open<__u32, fl_endpoint>("fl_endpoints").get(static_cast<__u32>(device.index));
    EXPECT_TRUE(value && *value);
    return value && *value ? (*value)->flags : 0;
  }

  __u32 target_flags(const Endpoint& of) {
    auto value = open<fl_forward_key, fl_forward>("fl_forward")
                     .get({.network = net_.id, .addr = to_abi(of.v4->address())});
    EXPECT_TRUE(value && *value);
    return value && *value ? (*value)->flags : 0;
  }

  // Is tc_limit at the device, by either way?
  bool is_limited(const Endpoint& endpoint, const EndpointDevice& device) const {
    return clsact_program(device.index, Direction::egress) != 0 ||
           pinned("limit_" + endpoint.host_device);
  }

  Network net_ = network();
  Endpoint a_ = endpoint(net_, 5);
};

TEST_F(LimitsTest, an_endpoint_without_any_has_no_trace_of_them) {
  start(options());
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);
  EXPECT_FALSE(limits(device));
  EXPECT_EQ(flags(device) & (FL_EP_LIMIT_OUT | FL_EP_LIMIT_IN), 0U);
  EXPECT_FALSE(is_limited(a_, device));
  EXPECT_EQ(datapath_->facts().rates, "");
}

TEST_F(LimitsTest, its_own_limit_and_its_networks_meet_at_its_device) {
  start(options());
  net_.rate = {.egress = 1'000'000, .ingress = 2'000'000};
  net_.shortcut = true;
  a_.rate.egress = 5'000'000;
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);

  const auto found = limits(device);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->egress.rate, 5'000'000U);
  EXPECT_EQ(found->ingress.rate, 2'000'000U);
  EXPECT_EQ(found->ingress.network, net_.id);
  for (const __u32 each : {flags(device), target_flags(a_)}) {
    EXPECT_EQ(each & FL_EP_LIMIT_IN, static_cast<__u32>(FL_EP_LIMIT_IN));
    EXPECT_EQ(each & FL_NET_SHORTCUT, 0U) << "past every limit";
  }
  EXPECT_TRUE(is_limited(a_, device));
  EXPECT_NE(datapath_->facts().rates, "");
  settle();
  EXPECT_TRUE(is_limited(a_, device));
}

TEST_F(LimitsTest, what_it_sends_needs_no_program_of_its_own) {
  start(options());
  a_.rate.egress = 1'000'000;
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);
  EXPECT_FALSE(is_limited(a_, device));
  EXPECT_EQ(flags(device) & (FL_EP_LIMIT_OUT | FL_EP_LIMIT_IN),
            static_cast<__u32>(FL_EP_LIMIT_OUT));
}

TEST_F(LimitsTest, a_restart_lets_nobody_begin_afresh) {
  start(options());
  a_.rate = {.egress = 1'000'000, .ingress = 1'000'000};
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);
  settle();
  auto rates = open<__u32, fl_rate>("fl_rates");
  auto value = *limits(device);
  value.egress.paid_until = 4711;
  value.ingress.paid_until = 4712;
  expect_ok(rates.put(static_cast<__u32>(device.index), value));
  datapath_.reset();
  EXPECT_TRUE(is_limited(a_, device)) << "with no daemon";

  start(options());
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->put_endpoint(net_, a_, device));
  expect_ok(datapath_->retain_only({net_}, {a_}));
  EXPECT_EQ(limits(device)->egress.paid_until, 4711U);
  EXPECT_EQ(limits(device)->ingress.paid_until, 4712U);
  EXPECT_TRUE(is_limited(a_, device));
}

TEST_F(LimitsTest, they_go_with_the_endpoint) {
  start(options());
  a_.rate = {.egress = 1'000'000, .ingress = 1'000'000};
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);
  settle();
  expect_ok(datapath_->erase_endpoint(net_, a_));
  EXPECT_FALSE(limits(device));
  EXPECT_FALSE(pinned("limit_" + a_.host_device));
}

TEST_F(LimitsTest, what_an_endpoint_that_nobody_knows_has_left_goes_at_the_start) {
  start(options());
  a_.rate = {.egress = 1'000'000, .ingress = 1'000'000};
  expect_ok(datapath_->put_network(net_));
  const EndpointDevice device = put(net_, a_);
  settle();
  start(options());
  expect_ok(datapath_->put_network(net_));
  expect_ok(datapath_->retain_only({net_}, {}));
  EXPECT_FALSE(limits(device));
  EXPECT_FALSE(is_limited(a_, device));
}

}  // namespace
}  // namespace fairlead::datapath
