#include "etcd/link.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

namespace fairlead::etcd {
namespace {

// A silent connection under a watch is found dead after both. etcd ends connections that ping more
// often than every 5 s (--grpc-keepalive-min-time), or without a call under way.
constexpr int kPingEveryMs = 10'000;
constexpr int kPingAnswerMs = 5'000;
constexpr int kFirstPauseMs = 100;
constexpr int kLastPauseMs = 2'000;
constexpr auto kProvenFor = std::chrono::seconds(1);

grpc::ChannelArguments arguments() {
  grpc::ChannelArguments all;
  all.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingEveryMs);
  all.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kPingAnswerMs);
  all.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 0);
  all.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit: an idle watch sends none
  all.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstPauseMs);
  all.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kLastPauseMs);
  // Equal channels of one process would share a connection and its pauses, also a dead one's.
  all.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  all.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);                  // etcd is never behind $http_proxy
  all.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);  // no TXT look-ups
  return all;
}

}  // namespace

gpr_timespec grpc_time(Moment moment) {
  const auto left = moment - std::chrono::steady_clock::now();
  return gpr_time_add(
      gpr_now(GPR_CLOCK_MONOTONIC),
      gpr_time_from_nanos(std::chrono::duration_cast<std::chrono::nanoseconds>(left).count(),
                          GPR_TIMESPAN));
}

Link::Link(const Endpoint& endpoint, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : url(endpoint.url),
      channel(grpc::CreateCustomChannel(endpoint.target, credentials, arguments())),
      kv(channel),
      watch(channel),
      lease(channel),
      auth(channel),
      maintenance(channel) {}

bool Link::proven() const {
  const Moment last(Moment::duration(last_answer_.load()));
  return used() && std::chrono::steady_clock::now() - last < kProvenFor;
}

void Link::answered() {
  last_answer_ = std::chrono::steady_clock::now().time_since_epoch().count();
}

}  // namespace fairlead::etcd
