// What one path of the API does.
#pragma once

#include <string>
#include <string_view>

#include "api/api.h"
#include "base/error.h"
#include "http/message.h"

namespace fairlead::api {

struct Context {
  engine::Engine& engine;
  const About& about;
  const http::Request& request;
};

using Reply = Result<std::string>;  // a document

struct Route {
  std::string_view verb;  // the only one that the path takes
  std::string_view path;
  Reply (*run)(const Context& context, const std::string& body);  // on the engine's thread
};

}  // namespace fairlead::api
