// This host's sign of life: one key on a lease.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "cluster/backoff.h"
#include "cluster/contact.h"

namespace fairlead::cluster {

class Lease {
 public:
  explicit Lease(Contact& contact);

  // What the store says; the following thread.
  void heard(const etcd::Listing& listing);
  void heard(const std::vector<etcd::Event>& events);

  // The writing thread. Does what is due; returns when to call again.
  Steady::time_point step(Steady::time_point now);
  // The host goes: so does its sign, if the store is there.
  void end();

 private:
  void look_again();
  bool is_written() const;
  bool keep();
  bool grant();
  bool write();
  bool refused(const Error& error);

  Contact& contact_;
  const std::string key_;
  const std::string value_;

  mutable std::mutex mutex_;  // guards what follows
  bool written_ = false;      // as far as we know
  bool verify_ = false;       // the key went away though we live: does the lease stand?
  etcd::Revision written_at_ = 0;
  etcd::LeaseId lease_ = 0;

  // The writing thread's.
  bool answered_ = false;  // the last call was
  Backoff backoff_;
  Steady::time_point keep_at_{};
  Steady::time_point not_before_{};
};

}  // namespace fairlead::cluster
