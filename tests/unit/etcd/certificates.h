// A certificate authority of the test's own, made with openssl.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "etcd/grpc_client.h"
#include "tests/support/real_etcd.h"

namespace fairlead::etcd {

// cacert.pem; server.{pem,key} for 127.0.0.1; client.{pem,key}.
class Certificates {
 public:
  Certificates() {
    run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=test-ca -keyout ca.key -out cacert.pem");
    issue("server", "subjectAltName=IP:127.0.0.1");
    issue("client", "extendedKeyUsage=clientAuth");
  }

  void issue(const std::string& name, const std::string& extension) {
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name +
        " -keyout " + name + ".key -out " + name + ".csr && echo " + extension + " >" + name +
        ".ext && openssl x509 -req -in " + name + ".csr -CA cacert.pem -CAkey ca.key -set_serial " +
        std::to_string(++serial_) + " -days 2 -extfile " + name + ".ext -out " + name + ".pem");
  }

  std::string folder() const { return folder_.path().string(); }
  std::string file(const std::string& name) const { return folder() + "/" + name; }

  // For a client that trusts this authority and is known to it.
  Settings settings(const std::string& url) const {
    return {.endpoints = {url},
            .ca_file = file("cacert.pem"),
            .cert_file = file("client.pem"),
            .key_file = file("client.key")};
  }

 private:
  void run(const std::string& command) const {
    const std::string all = "cd " + folder() + " && (" + command + ") >openssl.log 2>&1";
    ASSERT_EQ(std::system(all.c_str()), 0) << command;
  }

  test::TempFolder folder_;
  int serial_ = 0;
};

}  // namespace fairlead::etcd
