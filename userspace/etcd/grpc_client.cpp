#include "etcd/grpc_client.h"

#include <grpc/support/log.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>
#include <utility>

#include "etcd/convert.h"
#include "etcd/failure.h"
#include "etcd/members.h"
#include "etcd/watch_stream.h"

namespace fairlead::etcd {
namespace {

constexpr std::int64_t kPage = 1000;  // entries of one answer; fewer if they are longer than 4 MiB
constexpr int kListings = 3;  // begun, when history is compacted or the store changes meanwhile

class GrpcClient final : public Client {
 public:
  GrpcClient(Settings settings, std::vector<Endpoint> endpoints, Credentials credentials)
      : members_(std::move(settings), std::move(endpoints), std::move(credentials)) {}

  Result<Listing> list(const std::string& prefix) override;
  Result<KeyValue> get(const std::string& key) override;
  Result<Outcome> commit(const Transaction& transaction) override;
  Result<LeaseId> grant(std::chrono::seconds ttl) override;
  Status keep_alive(LeaseId lease) override;
  Status revoke(LeaseId lease) override;
  Result<Identity> identity() override;
  Ended watch(const std::string& prefix, Revision from, const std::function<void()>& on_started,
              const OnEvents& on_events) override;
  void stop_watch() override;

 private:
  enum class Listed { all, begin_again };

  Result<Answer> range(const etcdserverpb::RangeRequest& request,
                       etcdserverpb::RangeResponse& response);
  Result<Listed> list_pages(const std::string& prefix, Listing& into);
  bool enter(WatchStream& stream);
  void leave(WatchStream& stream);
  bool stopped();

  Members members_;
  std::mutex mutex_;  // guards what follows
  bool stopped_ = false;
  std::set<WatchStream*> watches_;
};

// An answer that is no success becomes the error.
Status accept(Result<Answer> answer) {
  if (!answer) return std::unexpected(std::move(answer).error());
  if (!answer->status.ok()) return std::unexpected(refusal(*answer));
  return {};
}

Result<Answer> GrpcClient::range(const etcdserverpb::RangeRequest& request,
                                 etcdserverpb::RangeResponse& response) {
  return members_.ask(Repeat::safe, [&](Link& link, grpc::ClientContext& context) {
    response.Clear();
    return link.kv.Range(&context, request, &response);
  });
}

Result<GrpcClient::Listed> GrpcClient::list_pages(const std::string& prefix, Listing& into) {
  etcdserverpb::RangeRequest request;
  request.set_key(start_of_prefix(prefix));
  request.set_range_end(end_of_prefix(prefix));
  request.set_limit(kPage);
  std::uint64_t cluster = 0;
  for (;;) {
    etcdserverpb::RangeResponse response;
    auto answer = range(request, response);
    if (!answer) return std::unexpected(std::move(answer).error());
    if (answer_too_long(answer->status) && request.limit() > 1) {
      request.set_limit(request.limit() / 2);
      continue;
    }
    // The revision is compacted, or, in a store that took the place of this one, in the future.
    if (answer->status.error_code() == grpc::OUT_OF_RANGE) return Listed::begin_again;
    if (!answer->status.ok()) return std::unexpected(refusal(*answer));
    if (cluster == 0) {
      cluster = response.header().cluster_id();
      into = {.entries = {}, .revision = response.header().revision()};
      request.set_revision(into.revision);
    }
    if (response.header().cluster_id() != cluster) return Listed::begin_again;
    for (const auto& entry : response.kvs()) into.entries.push_back(to_entry(entry));
    if (!response.more() || response.kvs().empty()) return Listed::all;
    request.set_key(into.entries.back().key + '\0');
  }
}

Result<Listing> GrpcClient::list(const std::string& prefix) {
  for (int begun = 0; begun < kListings; ++begun) {
    Listing all;
    auto listed = list_pages(prefix, all);
    if (!listed) return std::unexpected(std::move(listed).error());
    if (*listed == Listed::all) return all;
  }
  return fail(Errc::unavailable, "etcd was compacted or replaced each time that it was listed");
}

Result<KeyValue> GrpcClient::get(const std::string& key) {
  etcdserverpb::RangeRequest request;
  request.set_key(key);
  etcdserverpb::RangeResponse response;
  if (auto done = accept(range(request, response)); !done) {
    return std::unexpected(std::move(done).error());
  }
  if (response.kvs().empty()) return KeyValue{.key = key};
  return to_entry(response.kvs(0));
}

Result<Outcome> GrpcClient::commit(const Transaction& transaction) {
  const auto request = to_request(transaction);
  etcdserverpb::TxnResponse response;
  auto done = accept(members_.ask(Repeat::never, [&](Link& link, grpc::ClientContext& context) {
    response.Clear();
    return link.kv.Txn(&context, request, &response);
  }));
  if (!done) return std::unexpected(std::move(done).error());
  return to_outcome(response);
}

Result<LeaseId> GrpcClient::grant(std::chrono::seconds ttl) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(std::max<std::int64_t>(ttl.count(), 1));
  etcdserverpb::LeaseGrantResponse response;
  // A second lease for a lost answer runs out unused.
  auto done = accept(members_.ask(Repeat::safe, [&](Link& link, grpc::ClientContext& context) {
    response.Clear();
    return link.lease.LeaseGrant(&context, request, &response);
  }));
  if (!done) return std::unexpected(std::move(done).error());
  if (!response.error().empty()) return fail(Errc::unavailable, "grant: " + response.error());
  return response.id();
}

Status GrpcClient::keep_alive(LeaseId lease) {
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  etcdserverpb::LeaseKeepAliveResponse response;
  auto done = accept(members_.ask(Repeat::safe, [&](Link& link, grpc::ClientContext& context) {
    response.Clear();
    const auto stream = link.lease.LeaseKeepAlive(&context);
    const bool heard = stream->Write(request) && stream->Read(&response);
    stream->WritesDone();
    auto status = stream->Finish();
    if (status.ok() && !heard) return grpc::Status(grpc::UNAVAILABLE, "it ended the stream");
    return status;
  }));
  if (done && response.ttl() <= 0) {
    return fail(Errc::not_found, "the lease has run out or was revoked");
  }
  return done;
}

Status GrpcClient::revoke(LeaseId lease) {
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(lease);
  return accept(members_.ask(Repeat::safe, [&](Link& link, grpc::ClientContext& context) {
    etcdserverpb::LeaseRevokeResponse response;
    return link.lease.LeaseRevoke(&context, request, &response);
  }));
}

Result<Identity> GrpcClient::identity() {
  etcdserverpb::StatusResponse response;
  const auto answer = members_.ask(Repeat::safe, [&](Link& link, grpc::ClientContext& context) {
    response.Clear();
    auto status = link.maintenance.Status(&context, {}, &response);
    if (status.ok() && response.leader() == 0) {
      return grpc::Status(grpc::UNAVAILABLE, "etcdserver: no leader");
    }
    return status;
  });
  if (auto done = accept(answer); !done) return std::unexpected(std::move(done).error());
  Identity identity{.cluster = response.header().cluster_id(),
                    .member = response.header().member_id(),
                    .version = response.version(),
                    .endpoint = answer->url,
                    .revision = response.header().revision(),
                    .alarms = {}};
  for (const auto& text : response.errors()) identity.alarms.push_back(to_alarm(text));
  return identity;
}

// --- watch

bool GrpcClient::enter(WatchStream& stream) {
  const std::lock_guard lock(mutex_);
  if (!stopped_) watches_.insert(&stream);
  return !stopped_;
}

void GrpcClient::leave(WatchStream& stream) {
  const std::lock_guard lock(mutex_);
  watches_.erase(&stream);
}

bool GrpcClient::stopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

Ended GrpcClient::watch(const std::string& prefix, Revision from,
                        const std::function<void()>& on_started, const OnEvents& on_events) {
  const Ended stop{WatchEnd::stopped, "stopped"};
  const auto end = std::chrono::steady_clock::now() + members_.deadline();
  std::string said;
  for (auto left = members_.count(); left > 0; --left) {
    const auto now = std::chrono::steady_clock::now();
    const auto link = members_.current();
    WatchStream stream(members_, link);
    if (!enter(stream)) return stop;
    const bool opened =
        stream.open(prefix, from, now + (end - now) / static_cast<std::int64_t>(left));
    if (opened) {
      if (on_started) on_started();
      while (auto events = stream.next()) {
        const Revision revision = events->back().entry.modified;
        on_events(std::move(*events), revision);
      }
    }
    leave(stream);
    if (stopped()) return stop;
    const auto ended = stream.ended();
    if (ended.how == WatchEnd::compacted) return ended;
    members_.retire(link);
    if (opened) return ended;
    said += (said.empty() ? "" : "; ") + ended.why;
  }
  return {WatchEnd::lost, std::move(said)};
}

void GrpcClient::stop_watch() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (auto* stream : watches_) stream->cancel();
}

}  // namespace

Result<std::unique_ptr<Client>> make_grpc_client(const Settings& settings) {
  // What matters comes with each call's status. Whoever sets gRPC's own variable wants its log.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function([](gpr_log_func_args*) {});

  const auto wrong = [](const char* why) { return fail(Errc::invalid_argument, why); };
  std::vector<Endpoint> endpoints;
  for (const auto& url : settings.endpoints) {
    auto endpoint = parse_endpoint(url);
    if (!endpoint) return std::unexpected(std::move(endpoint).error());
    endpoints.push_back(std::move(*endpoint));
  }
  if (endpoints.empty()) return wrong("etcd: no endpoint given");
  const bool tls = endpoints.front().tls;
  if (std::ranges::any_of(endpoints, [tls](const Endpoint& each) { return each.tls != tls; })) {
    return wrong("etcd: endpoints with http:// and with https:// cannot be mixed");
  }
  if (settings.user.empty() != settings.password.empty()) {
    return wrong("etcd: user and password go together: give both or neither");
  }
  auto credentials = Credentials::read(settings, tls);
  if (!credentials) return std::unexpected(std::move(credentials).error());
  return std::make_unique<GrpcClient>(settings, std::move(endpoints), std::move(*credentials));
}

}  // namespace fairlead::etcd
