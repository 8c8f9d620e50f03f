// A connection to one member of etcd.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "etcd/endpoint.h"
#include "generated/etcd.grpc.pb.h"

namespace fairlead::etcd {

using Moment = std::chrono::steady_clock::time_point;

// For gRPC's deadlines: the monotonic clock, so that setting the time of day moves none.
gpr_timespec grpc_time(Moment moment);

// Thread-safe. Connects on first use, and is thrown away when a call on it got no answer: the next
// one then tries at once, instead of waiting for the end of gRPC's own pause between attempts.
struct Link {
  Link(const Endpoint& endpoint, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

  // It answered so lately that it is taken to be alive. A connection that breaks while nothing is
  // under way is found broken by the next call only.
  bool proven() const;
  void answered();
  bool used() const { return last_answer_ != 0; }

  std::string url;
  std::shared_ptr<grpc::Channel> channel;
  etcdserverpb::KV::Stub kv;
  etcdserverpb::Watch::Stub watch;
  etcdserverpb::Lease::Stub lease;
  etcdserverpb::Auth::Stub auth;
  etcdserverpb::Maintenance::Stub maintenance;

 private:
  std::atomic<std::int64_t> last_answer_ = 0;  // in ticks of the steady clock; 0: none yet
};

}  // namespace fairlead::etcd
