// The members of one etcd: which of them to ask, and for how long.
//
// All calls go to one member until it gives no answer; then to the next, which is remembered. A
// call divides its deadline over the members left to try, so a dead one never costs all of it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "etcd/credentials.h"
#include "etcd/grpc_client.h"
#include "etcd/link.h"

namespace fairlead::etcd {

// What a member said: success, or why it refuses.
struct Answer {
  grpc::Status status;
  std::string url;
};

// May a request be sent to another member when nobody knows whether the first one did it?
enum class Repeat : bool { never, safe };

// Thread-safe.
class Members {
 public:
  Members(Settings settings, std::vector<Endpoint> endpoints, Credentials credentials);

  // Calls `rpc` until a member answers. Error: unavailable, with what each member said.
  using Rpc = std::function<grpc::Status(Link& link, grpc::ClientContext& context)>;
  Result<Answer> ask(Repeat repeat, const Rpc& rpc);

  std::size_t count() const { return endpoints_.size(); }
  std::chrono::milliseconds deadline() const { return settings_.deadline; }

  // For calls that ask() does not fit: a member to ask, and that it gave no answer.
  std::shared_ptr<Link> current();
  void retire(const std::shared_ptr<Link>& link);
  // Fills in the metadata. Not OK: no token was to be had.
  grpc::Status prepare(Link& link, grpc::ClientContext& context, Moment until, std::string& token);
  void forget_token(const std::string& token);

 private:
  struct Called {
    grpc::Status status;
    bool sent = false;
  };
  std::shared_ptr<Link> reach(Moment until, grpc::Status& status);
  Called call(Link& link, Moment until, const Rpc& rpc);
  void discard(const std::shared_ptr<Link>& link, std::size_t steps);

  const Settings settings_;
  const std::vector<Endpoint> endpoints_;

  std::mutex mutex_;  // guards what follows
  Credentials credentials_;
  std::size_t current_ = 0;
  std::vector<std::shared_ptr<Link>> links_;  // one per endpoint; null: to be made
  std::string token_;
};

}  // namespace fairlead::etcd
