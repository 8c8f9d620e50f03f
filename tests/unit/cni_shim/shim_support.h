// A run of the shim against a daemon that says what the test wants.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "cni-shim/call.h"
#include "http/server.h"
#include "http/socket.h"
#include "tests/unit/http/temp_dir.h"

namespace fairlead::cni {

// The namespace of this very process, which stands for a container's where CNI_NETNS_OVERRIDE is
// set.
inline constexpr const char* kOwn = "/proc/self/ns/net";

inline constexpr const char* kAttachment =
    R"({"schema":"fairlead.attachment/v1","id":"f00","network":"web","network_id":"n1",
        "device":"flh1","device_mac":"02:00:00:00:00:01","mac":"02:42:0a:09:00:05","mtu":1450,
        "interface":"eth0","sandbox":"/run/netns/x",
        "addresses":[{"address":"10.9.0.5/24","gateway":"10.9.0.1"}],
        "routes":[{"to":"0.0.0.0/0","via":"10.9.0.1"}]})";

class ShimTest : public testing::Test {
 protected:
  // What it answers to the first, second ... request; the last one from then on.
  struct Answer {
    unsigned status = 200;
    std::string body = "{}";
  };

  void daemon(std::vector<Answer> answers) {
    answers_ = std::move(answers);
    server_.add({.fd = http::listen_unix(socket_).value(),
                 .unlink_path = socket_,
                 .root_only = true,
                 .handler =
                     [this](http::Request request, http::Respond respond) {
                       const std::lock_guard lock(mutex_);
                       const Answer& answer =
                           answers_[std::min(asked_.size(), answers_.size() - 1)];
                       asked_.push_back(std::move(request));
                       respond({.status = answer.status, .body = answer.body});
                     },
                 .error_body = [](std::string_view) { return std::string(); }});
    server_.start();
  }

  // `more` are further fields of the configuration, each with a comma before.
  std::string config(const std::string& more = "", const std::string& version = "1.1.0") const {
    return R"({"cniVersion":")" + version + R"(","name":"web","type":"fairlead-cni","socket":")" +
           socket_ + R"(","state_dir":")" + dir_.path() + "\"" + more + "}";
  }

  Call call(const std::string& verb, const std::string& input) const {
    return {.variables = {{"CNI_COMMAND", verb},
                          {"CNI_CONTAINERID", "c1"},
                          {"CNI_NETNS", kOwn},
                          {"CNI_NETNS_OVERRIDE", "1"},
                          {"CNI_IFNAME", "eth0"},
                          {"CNI_PATH", dir_.path()},
                          {"PATH", "/usr/bin:/bin"}},
            .input = input};
  }

  // A plugin in CNI_PATH: what a shell runs.
  void plugin(const std::string& name, const std::string& script) const {
    const std::string path = dir_ / name;
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

  static std::string content(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }

  TempDir dir_;
  std::string socket_ = dir_ / "api.sock";
  std::mutex mutex_;  // guards the next two while the server runs
  std::vector<Answer> answers_;
  std::vector<http::Request> asked_;
  http::Server server_ = http::Server::create().value();
};

}  // namespace fairlead::cni
