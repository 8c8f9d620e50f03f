// What the daemon says to whoever reads its journal: one event a line, key=value.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/error.h"

namespace fairlead::log {

enum class Level { debug, info, warning, error };

struct Field {
  std::string_view key;
  std::string value;  // quoted on output where it has to be
};

// Where lines go. `level_name` is "debug", "info", "warning" or "error"; with `journal` each line
// begins with "<N>", the priority that systemd takes off (sd-daemon(3)), else with the time.
// Without a call: standard error, info. Error: invalid_argument.
Status configure(std::string_view level_name, bool journal);

// event(Level::info, "network_created", {{"network", key}, {"mtu", "1450"}}) from any thread.
// Names are stable: people search for them.
void event(Level level, std::string_view name, std::initializer_list<Field> fields = {});

// The line without its prefix: `network_created network=f00 error="no such thing"`.
std::string format(std::string_view name, std::initializer_list<Field> fields);

}  // namespace fairlead::log
