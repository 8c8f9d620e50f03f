#include "cli/codec_fields.h"

#include <nlohmann/json.hpp>

namespace fairlead::cli {

using nlohmann::json;

std::string text(const json& object, const char* field) {
  const auto found = object.find(field);
  if (found == object.end() || found->is_null()) return "-";
  if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
  if (!found->is_string()) return found->dump();
  const auto& value = found->get_ref<const std::string&>();
  return value.empty() ? "-" : value;
}

std::string joined(const json& strings) {
  std::string out;
  for (const json& each : strings)
    if (each.is_string()) out += (out.empty() ? "" : ", ") + each.get<std::string>();
  return out.empty() ? "none" : out;
}

std::string counted(const json& object, const char* field, std::string_view what) {
  const std::string number = text(object, field);
  return number + " " + std::string(what) + (number == "1" ? "" : "s");
}

std::string lines(std::string_view label, const json& object, const char* field) {
  std::string out;
  for (const json& each : object.value(field, json::array()))
    if (each.is_string()) out += std::string(label) + each.get<std::string>() + "\n";
  return out;
}

}  // namespace fairlead::cli
