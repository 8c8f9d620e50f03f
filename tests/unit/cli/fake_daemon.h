// Runs the command against a daemon that says what the test wants.
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "http/server.h"
#include "http/socket.h"
#include "tests/unit/http/temp_dir.h"

namespace fairlead::cli {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

inline Ran fairlead(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "fairlead");
  std::ostringstream out;
  std::ostringstream err;
  const int code = run(static_cast<int>(arguments.size()), arguments.data(), out, err);
  return {code, out.str(), err.str()};
}

// Says the same whatever it is asked.
class CommandLineTest : public testing::Test {
 protected:
  void answer(unsigned status, std::string body) {
    server_.add({.fd = http::listen_unix(path_).value(),
                 .unlink_path = path_,
                 .handler =
                     [this, status, body](http::Request request, http::Respond respond) {
                       asked_ = request;
                       respond({.status = status, .body = body});
                     },
                 .error_body = [](std::string_view) { return std::string(); }});
    server_.start();
  }

  http::Request asked_;
  TempDir dir_;
  std::string path_ = dir_ / "api.sock";
  http::Server server_ = http::Server::create().value();
};

}  // namespace fairlead::cli
