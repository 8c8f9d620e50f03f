// What the tests of etcd::Client share: a watch on a thread of its own, and words for errors.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "etcd/client.h"
#include "etcd/grpc_client.h"
#include "tests/support/require.h"

namespace fairlead::etcd {

using namespace std::chrono_literals;

template <typename T>
T must(Result<T> result) {
  EXPECT_TRUE(result) << result.error().message();
  return result ? std::move(*result) : T{};
}

inline void must(const Status& status) { EXPECT_TRUE(status) << status.error().message(); }

// The failure's message; its code has to be `code`.
template <typename Any>
std::string failure(const Any& result, Errc code) {
  EXPECT_FALSE(result) << "it succeeded";
  if (result) return {};
  EXPECT_EQ(result.error().code(), code) << result.error().message();
  return result.error().message();
}

inline Outcome put(Client& client, const std::string& key, const std::string& value,
                   LeaseId lease = 0) {
  return must(client.commit({.when = {}, .then = {Put{key, value, lease}}, .read = {}}));
}

inline Outcome erase(Client& client, const std::string& key) {
  return must(client.commit({.when = {}, .then = {Erase{.key = key}}, .read = {}}));
}

inline std::unique_ptr<Client> client_of(const Settings& settings) {
  auto client = make_grpc_client(settings);
  EXPECT_TRUE(client) << client.error().message();
  return std::move(*client);
}

// "+key=value" and "-key", in order.
inline std::vector<std::string> lines(const std::vector<Event>& events) {
  std::vector<std::string> all;
  for (const auto& [erased, entry] : events) {
    all.push_back(erased ? "-" + entry.key : "+" + entry.key + "=" + entry.value);
  }
  return all;
}

// A watch under way until it ends or this goes.
class Watching {
 public:
  Watching(Client& client, const std::string& prefix, Revision from)
      : client_(client), thread_([this, prefix, from] { run(prefix, from); }) {}
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;
  ~Watching() {
    client_.stop_watch();
    thread_.join();
  }

  bool started(std::chrono::seconds patience = 20s) {
    return wait([this] { return started_; }, patience);
  }

  // Once `count` events have come, all of them.
  std::vector<Event> events(std::size_t count, std::chrono::seconds patience = 20s) {
    EXPECT_TRUE(wait([&] { return events_.size() >= count; }, patience)) << "events are missing";
    const std::lock_guard lock(mutex_);
    return events_;
  }

  // Per call of OnEvents.
  std::vector<Revision> revisions() {
    const std::lock_guard lock(mutex_);
    return revisions_;
  }

  Ended ended(std::chrono::seconds patience = 20s) {
    EXPECT_TRUE(wait([this] { return over_; }, patience)) << "the watch goes on";
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  void run(const std::string& prefix, Revision from) {
    const auto ended = client_.watch(
        prefix, from, [this] { tell([this] { started_ = true; }); },
        [this](const std::vector<Event>& events, Revision revision) {
          tell([&] {
            events_.insert(events_.end(), events.begin(), events.end());
            revisions_.push_back(revision);
          });
        });
    tell([&] {
      ended_ = ended;
      over_ = true;
    });
  }

  template <typename Change>
  void tell(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  template <typename Condition>
  bool wait(Condition condition, std::chrono::seconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }

  Client& client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  bool over_ = false;
  Ended ended_;
  std::vector<Event> events_;
  std::vector<Revision> revisions_;
  std::thread thread_;
};

}  // namespace fairlead::etcd
