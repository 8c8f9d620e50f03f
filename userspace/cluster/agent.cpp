#include "cluster/agent.h"

#include <algorithm>
#include <thread>

#include "cluster/contact.h"
#include "cluster/follow.h"
#include "cluster/lease.h"
#include "cluster/write_back.h"

namespace fairlead::cluster {

namespace {

constexpr auto kIdentityEvery = std::chrono::seconds(30);

}  // namespace

struct Agent::Impl {
  Impl(etcd::Client& client, AgentSettings settings, std::function<void(News)> on_news)
      : contact(client, std::move(settings)),
        writes(contact),
        lease(contact),
        follow(contact, writes, lease, std::move(on_news)),
        following([this] { follow.run(); }),
        writing([this] { write(); }) {}

  void write();
  Steady::time_point check_store(Steady::time_point now);

  Contact contact;
  WriteBack writes;
  Lease lease;
  Follow follow;
  Steady::time_point identity_at = Steady::now() + kIdentityEvery;  // the writing thread's
  std::thread following;  // last: they start when everything above exists
  std::thread writing;
};

// A full disk of the store makes writes fail and reads go on: it has to be asked for.
Steady::time_point Agent::Impl::check_store(Steady::time_point now) {
  if (now < identity_at) return identity_at;
  identity_at = now + kIdentityEvery;
  if (contact.writable())
    if (const auto identity = contact.client.identity()) contact.identified(*identity);
  return identity_at;
}

void Agent::Impl::write() {
  unsigned seen = 0;
  for (;;) {
    const auto now = Steady::now();
    const auto due = std::min({lease.step(now), writes.step(now), check_store(now)});
    const auto pause = std::chrono::ceil<std::chrono::milliseconds>(due - Steady::now());
    if (!contact.wait(std::max(pause, std::chrono::milliseconds(0)), seen)) break;
  }
  lease.end();
}

Agent::Agent(etcd::Client& client, AgentSettings settings, std::function<void(News)> on_news)
    : impl_(std::make_unique<Impl>(client, std::move(settings), std::move(on_news))) {}

Agent::~Agent() {
  impl_->contact.stop();
  impl_->contact.client.stop_watch();
  impl_->following.join();
  impl_->writing.join();
}

void Agent::put(const std::string& key, const std::string& value) {
  impl_->writes.want(key, value);
}

void Agent::erase(const std::string& key) { impl_->writes.want(key, std::nullopt); }

bool Agent::flush(std::chrono::milliseconds deadline) { return impl_->writes.flush(deadline); }

void Agent::accept_store() { impl_->contact.accept_store(); }

AgentStatus Agent::status() const {
  AgentStatus status = impl_->contact.status();
  status.pending_writes = impl_->writes.pending();
  return status;
}

}  // namespace fairlead::cluster
