// Between client.h and etcd's messages.
#pragma once

#include <string>

#include "etcd/client.h"
#include "generated/etcd.pb.h"

namespace fairlead::etcd {

// Ranges: [key, range_end). What begins with `prefix` ends before this; "\0" is the end of all
// keys.
std::string end_of_prefix(const std::string& prefix);
// The first key that begins with `prefix`; etcd refuses an empty one.
std::string start_of_prefix(const std::string& prefix);

KeyValue to_entry(const etcdserverpb::KeyValue& from);
Event to_event(const etcdserverpb::Event& from);
Outcome to_outcome(const etcdserverpb::TxnResponse& from);
etcdserverpb::TxnRequest to_request(const Transaction& transaction);
// "NOSPACE on member 8e9e05c52164694d" of what etcd's Status says; other texts as they are.
std::string to_alarm(const std::string& text);

}  // namespace fairlead::etcd
