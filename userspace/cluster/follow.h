// The thread that lists and watches.
#pragma once

#include <functional>

#include "cluster/backoff.h"
#include "cluster/contact.h"
#include "cluster/lease.h"
#include "cluster/write_back.h"

namespace fairlead::cluster {

class Follow {
 public:
  Follow(Contact& contact, WriteBack& writes, Lease& lease, std::function<void(News)> on_news);

  void run();  // until the contact stops

 private:
  Result<bool> is_believed();
  Result<etcd::Revision> list();
  etcd::Ended follow_once();
  void take(std::vector<etcd::Event> events, etcd::Revision revision);
  bool still_believed(const std::vector<etcd::Event>& events);
  void ask_until_believed();

  Contact& contact_;
  WriteBack& writes_;
  Lease& lease_;
  std::function<void(News)> on_news_;
  Backoff backoff_;
  Steady::time_point started_{};  // the last watch
};

}  // namespace fairlead::cluster
