// How a runtime that is not Docker says which of its containers' interfaces it means.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::engine {

struct AttachmentKey {
  std::string config;     // the runtime's name of the network
  std::string container;  // its id
  std::string interface;  // empty: every one of the container

  bool operator==(const AttachmentKey&) const = default;
};

// What was to be detached while no daemon answered: the runtimes' plugin left a file each.
struct DetachedNotes {
  std::string folder;  // there may be none
  std::function<Result<AttachmentKey>(std::string_view text)> parse;
};

}  // namespace fairlead::engine
