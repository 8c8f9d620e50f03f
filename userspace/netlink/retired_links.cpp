#include "netlink/retired_links.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <chrono>

#include "base/log.h"
#include "netlink/message.h"

namespace fairlead::netlink {

namespace {

constexpr std::chrono::seconds kPauseAfterFailure{1};

}  // namespace

Status remove_retired_group(Connection& connection) {
  Message message(RTM_DELLINK, 0, ifinfomsg{});
  message.put_u32(IFLA_GROUP, kRetiredGroup);
  std::string text;
  auto sys_errno = connection.ask(message, "remove links of group flrd", &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0 || *sys_errno == ENODEV) return {};
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

Result<std::unique_ptr<RetiredLinks>> RetiredLinks::create() {
  auto connection = Connection::open();
  if (!connection) return std::unexpected(std::move(connection).error());
  return std::unique_ptr<RetiredLinks>(new RetiredLinks(std::move(*connection)));
}

RetiredLinks::RetiredLinks(Connection connection)
    : connection_(std::move(connection)), thread_([this] { run(); }) {}

RetiredLinks::~RetiredLinks() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void RetiredLinks::wake() {
  {
    const std::lock_guard lock(mutex_);
    asked_ = true;
  }
  changed_.notify_one();
}

void RetiredLinks::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return asked_ || closing_; });
    if (!asked_) return;
    asked_ = false;
    lock.unlock();
    const auto done = remove_retired_group(connection_);
    lock.lock();
    if (done) continue;
    log::event(log::Level::warning, "links_not_removed", {{"error", done.error().message()}});
    if (closing_) return;  // the next daemon finds them
    asked_ = true;
    changed_.wait_for(lock, kPauseAfterFailure, [this] { return closing_; });
  }
}

}  // namespace fairlead::netlink
