// What proves to etcd who we are, and to us that it is etcd.
#pragma once

#include <grpcpp/security/credentials.h>
#include <sys/stat.h>

#include <array>
#include <memory>
#include <string>

#include "base/error.h"

namespace fairlead::etcd {

struct Settings;

// Certificates and key, read from files. Not thread-safe.
class Credentials {
 public:
  // Errors: invalid_argument (a file that cannot be read or holds no PEM, a certificate without
  // key). Without `tls` no file is read.
  static Result<Credentials> read(const Settings& settings, bool tls);

  // Reads the files again if one of them was replaced or written since; true: connections made
  // from now on will use other ones. What cannot be read yet leaves all as it was.
  bool refresh();

  std::shared_ptr<grpc::ChannelCredentials> make() const;

 private:
  struct File {
    std::string what;  // "ca_file"
    std::string path;  // empty: none
    std::string text;
    struct stat seen = {};
  };
  static Status read_file(File& file);

  bool tls_ = false;
  std::array<File, 3> files_;  // CA, certificate, key
};

}  // namespace fairlead::etcd
