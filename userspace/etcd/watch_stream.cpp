#include "etcd/watch_stream.h"

#include <utility>

#include "etcd/convert.h"
#include "etcd/failure.h"

namespace fairlead::etcd {

WatchStream::WatchStream(Members& members, std::shared_ptr<Link> link)
    : members_(members), link_(std::move(link)) {}

WatchStream::~WatchStream() {
  // gRPC wants the status of a call taken before the call goes.
  if (reader_ && ended_.why.empty()) {
    context_.TryCancel();
    lose();
  }
  queue_.Shutdown();
  void* tag = nullptr;
  bool done = false;
  while (queue_.Next(&tag, &done)) {
  }
}

void WatchStream::cancel() { context_.TryCancel(); }

// There is one operation under way at a time, so its tag says nothing.
bool WatchStream::wait(std::optional<Moment> until) {
  void* tag = nullptr;
  bool done = false;
  if (until && queue_.AsyncNext(&tag, &done, grpc_time(*until)) == grpc::CompletionQueue::TIMEOUT) {
    late_ = true;
    context_.TryCancel();
  } else if (until) {
    return done;
  }
  return queue_.Next(&tag, &done) && done && !late_;
}

bool WatchStream::read(std::optional<Moment> until) {
  reader_->Read(&response_, this);
  if (wait(until)) return true;
  lose();
  return false;
}

// The stream broke: its status says why.
void WatchStream::lose() {
  grpc::Status status;
  reader_->Finish(&status, this);
  wait(std::nullopt);
  if (late_) status = {grpc::DEADLINE_EXCEEDED, ""};
  if (status.ok()) status = {grpc::UNAVAILABLE, "it ended the watch"};
  if (wants_token(status)) members_.forget_token(token_);
  ended_ = {WatchEnd::lost, words(*link_, status)};
}

// The member ended the watch, not the stream.
void WatchStream::refuse() {
  if (response_.compact_revision() != 0) {
    ended_ = {WatchEnd::compacted, "etcd at " + link_->url + ": history up to revision " +
                                       std::to_string(response_.compact_revision()) +
                                       " has been compacted"};
  } else {
    const std::string why =
        response_.cancel_reason().empty() ? "it ended the watch" : response_.cancel_reason();
    ended_ = {WatchEnd::lost, words(link_->url, {grpc::PERMISSION_DENIED, why})};
    // etcd calls it a missing permission too when the token is no longer valid.
    members_.forget_token(token_);
  }
  context_.TryCancel();
  const Ended kept = std::exchange(ended_, {});
  lose();
  ended_ = kept;
}

bool WatchStream::start(const std::string& prefix, Moment until) {
  if (auto ready = members_.prepare(*link_, context_, until, token_); !ready.ok()) {
    ended_ = {WatchEnd::lost, words(*link_, ready)};
    return false;
  }
  etcdserverpb::WatchRequest request;
  auto& create = *request.mutable_create_request();
  create.set_key(start_of_prefix(prefix));
  create.set_range_end(end_of_prefix(prefix));
  // One earlier than asked for, and what comes of that revision is left out: a compaction at the
  // very revision keeps what was put by it, but not what was erased, and etcd would not call it
  // compacted.
  create.set_start_revision(from_ > 1 ? from_ - 1 : from_);
  create.set_fragment(true);
  reader_ = link_->watch.AsyncWatch(&context_, &queue_, this);
  bool done = wait(until);
  if (done) {
    reader_->Write(request, this);
    done = wait(until);
  }
  if (!done) lose();
  return done;
}

bool WatchStream::open(const std::string& prefix, Revision from, Moment until) {
  from_ = from;
  if (!start(prefix, until) || !read(until)) return false;
  if (response_.created() && !response_.canceled()) return true;
  refuse();
  return false;
}

std::optional<std::vector<Event>> WatchStream::next() {
  std::vector<Event> events;
  for (;;) {
    if (!read(std::nullopt)) return std::nullopt;
    if (response_.canceled()) {
      refuse();
      return std::nullopt;
    }
    for (const auto& event : response_.events()) {
      if (event.kv().mod_revision() >= from_) events.push_back(to_event(event));
    }
    if (!response_.fragment() && !events.empty()) return events;
  }
}

}  // namespace fairlead::etcd
