// Where a member of etcd listens for clients.
#pragma once

#include <string>

#include "base/error.h"

namespace fairlead::etcd {

struct Endpoint {
  std::string url;     // as given: what messages name
  std::string target;  // "dns:///10.0.0.1:2379", for gRPC
  bool tls = false;
};

// "https://etcd1.example:2379", "http://[2001:db8::1]"; port 2379 if none is given. Error:
// invalid_argument, which says what is wrong with it.
Result<Endpoint> parse_endpoint(const std::string& url);

}  // namespace fairlead::etcd
