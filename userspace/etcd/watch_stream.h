// One watch, on one connection.
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "etcd/client.h"
#include "etcd/members.h"

namespace fairlead::etcd {

// Of one thread, but for cancel().
class WatchStream {
 public:
  WatchStream(Members& members, std::shared_ptr<Link> link);
  WatchStream(const WatchStream&) = delete;
  WatchStream& operator=(const WatchStream&) = delete;
  ~WatchStream();

  // True: the member has accepted the watch. False: see ended().
  bool open(const std::string& prefix, Revision from, Moment until);
  // Waits for the next batch, never an empty one; a revision is never divided. nullopt: see
  // ended().
  std::optional<std::vector<Event>> next();
  // Whether it was compacted or lost, and why. After open() or next() said so.
  Ended ended() const { return ended_; }

  void cancel();  // from any thread; open() and next() then return

 private:
  using Reader =
      grpc::ClientAsyncReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>;

  bool wait(std::optional<Moment> until);
  bool read(std::optional<Moment> until);
  bool start(const std::string& prefix, Moment until);
  void lose();
  void refuse();

  Members& members_;
  const std::shared_ptr<Link> link_;
  grpc::CompletionQueue queue_;
  grpc::ClientContext context_;
  std::unique_ptr<Reader> reader_;
  etcdserverpb::WatchResponse response_;
  std::string token_;
  Revision from_ = 0;
  bool late_ = false;  // it ended because it took too long
  Ended ended_;
};

}  // namespace fairlead::etcd
