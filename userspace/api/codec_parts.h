// What the codecs of this folder share.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace fairlead::api {

// `value`, which is an object, with its schema "fairlead.SCHEMA/v1", on one line.
std::string document(std::string_view schema, nlohmann::json value);

std::string format_time(TimePoint time);  // RFC 3339, UTC, whole seconds

}  // namespace fairlead::api
