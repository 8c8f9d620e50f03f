#include "engine/backup_codec.h"

#include <nlohmann/json.hpp>

#include "base/quote.h"

namespace fairlead::engine {

namespace {

using nlohmann::json;

constexpr const char* kFormat = "fairlead cluster export 1";

}  // namespace

std::string format_backup(const Backup& backup) {
  const json out = {{"format", kFormat},
                    {"cluster", backup.cluster},
                    {"revision", backup.revision},
                    {"entries", backup.entries}};
  return out.dump(2, ' ', false, json::error_handler_t::replace);
}

Result<Backup> parse_backup(const std::string& text) {
  const json document = json::parse(text, nullptr, false);
  const auto member = [&](const char* name) {
    const auto found = document.find(name);
    return found != document.end() ? *found : json();
  };
  if (!document.is_object() || member("format") != kFormat || !member("entries").is_object())
    return fail(Errc::invalid_argument, "this is no file of 'fairlead cluster export'");
  Backup out;
  if (const json name = member("cluster"); name.is_string()) out.cluster = name.get<std::string>();
  if (const json at = member("revision"); at.is_number_integer())
    out.revision = at.get<etcd::Revision>();
  for (const auto& [key, value] : document["entries"].items()) {
    if (!value.is_string())
      return fail(Errc::invalid_argument, "entry " + fairlead::quoted(key) + " is no string");
    out.entries[key] = value.get<std::string>();
  }
  return out;
}

}  // namespace fairlead::engine
