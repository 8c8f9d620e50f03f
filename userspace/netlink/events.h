// Noticing that the host's links, addresses, routes or neighbours change.
#pragma once

#include <map>
#include <utility>

#include "base/error.h"
#include "base/unique_fd.h"
#include "model/address.h"

struct nlmsghdr;

namespace fairlead::netlink {

struct News {
  bool host = false;      // links, addresses, routes of the main table
  bool underlay = false;  // those and what else decides the way to other hosts: routes of any
                          // table, rules, nexthop objects, the MAC of a neighbour

  bool operator==(const News&) const = default;
};

// Belongs to the network namespace it was opened in. Says only that something changed: what the
// host looks like is then read whole, so a lost notification costs nothing.
class Monitor {
 public:
  static Result<Monitor> open();

  int fd() const { return fd_.get(); }  // readable when there may be something to drain

  // Reads all that is there, without waiting: what has changed since the last call, or everything
  // if so much happened that notifications were lost. A neighbour that is only asked for again is
  // no news. Fairlead's own devices ("fl...") are no part of the underlay.
  Result<News> drain();

 private:
  explicit Monitor(UniqueFd fd) : fd_(std::move(fd)) {}
  News news_of(nlmsghdr& message);
  bool neighbour_changed(nlmsghdr& message);

  UniqueFd fd_;
  // What was last heard of usable neighbours, by device; bounded by the kernel's own tables, which
  // say when an entry goes.
  std::map<std::pair<int, Address>, Mac> neighbours_;
};

}  // namespace fairlead::netlink
