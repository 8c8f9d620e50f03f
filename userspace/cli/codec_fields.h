// What the codecs of this folder share: fields of the daemon's documents, as people read them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace fairlead::cli {

// Text of a field; "-" for what is absent, null or empty.
std::string text(const nlohmann::json& object, const char* field);

// "a, b"; "none" of an empty list.
std::string joined(const nlohmann::json& strings);

// "1 host", "2 hosts"
std::string counted(const nlohmann::json& object, const char* field, std::string_view what);

// Lines "LABEL value" of each string in a list.
std::string lines(std::string_view label, const nlohmann::json& object, const char* field);

}  // namespace fairlead::cli
