// etcd::Client over gRPC.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "etcd/client.h"

namespace fairlead::etcd {

struct Settings {
  std::vector<std::string> endpoints;  // "https://10.0.0.1:2379", "http://127.0.0.1:2379"
  std::string ca_file;                 // PEM; with https. Files are read again when they change.
  std::string cert_file;               // client certificate and key: both or neither
  std::string key_file;
  std::string user;  // both or neither: etcd's own authentication
  std::string password;
  std::chrono::milliseconds deadline{2000};  // of one call, over all endpoints
};

// Connects on first use. Errors: invalid_argument (no endpoint, an endpoint that is no URL or has
// another scheme, http and https mixed, a file that cannot be read: says which).
Result<std::unique_ptr<Client>> make_grpc_client(const Settings& settings);

}  // namespace fairlead::etcd
