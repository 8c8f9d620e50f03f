// Times as people and sqlite3's date functions read them.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace fairlead::store {

// "2026-11-21T01:30:05.123456789Z", UTC, always nine digits behind the point; years 1678..2261
// are all that a TimePoint can hold.
std::string to_text(TimePoint time);

// Only the form above. Error: invalid_argument.
Result<TimePoint> parse_time(std::string_view text);

}  // namespace fairlead::store
