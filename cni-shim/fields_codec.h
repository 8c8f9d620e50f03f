// Reads JSON field by field and remembers the first thing that was wrong, so that a parser reads as
// a list of fields. Internal to this folder's codecs.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cni-shim/failure.h"

namespace fairlead::cni {

// Deeper than what any runtime sends; more is refused before it is parsed.
constexpr unsigned kMaxDepth = 32;

// Errors: decode (no JSON, not an object, nested too deep); `what` names the text.
Outcome<nlohmann::json> parse_object(std::string_view text, const std::string& what);

// One line; bytes that are no UTF-8 are replaced.
std::string dump(const nlohmann::json& value);

// An object. Absent and null are the same: the default. Fields below share the problem.
class Fields {
 public:
  // containerd writes HostPort where the convention says hostPort.
  enum class Case { exact, any };

  // `object` must outlive it and may be null: an empty one. `path` ends in '.' if it is not empty.
  Fields(const nlohmann::json* object, std::string path, std::optional<Failure>& problem,
         Case letters = Case::exact)
      : object_(object), path_(std::move(path)), problem_(&problem), letters_(letters) {}

  const nlohmann::json* find(std::string_view name) const;  // null if absent or null
  std::string string(std::string_view name) const;
  std::optional<bool> boolean(std::string_view name) const;
  std::uint64_t number(std::string_view name, std::uint64_t max) const;  // 0 when absent
  std::vector<std::string> strings(std::string_view name) const;         // a list of them
  // An object of strings; numbers and booleans become text.
  std::map<std::string, std::string> texts(std::string_view name) const;
  Fields object(std::string_view name) const;
  std::vector<Fields> objects(std::string_view name) const;  // a list of them

  // The first field that is not null and whose name is not among `known`: unsupported_field.
  void allow_only(std::initializer_list<std::string_view> known) const;

  void complain(std::string_view name, std::string_view what, Code code = Code::decode) const;

 private:
  const nlohmann::json* object_;
  std::string path_;
  std::optional<Failure>* problem_;
  Case letters_;
};

}  // namespace fairlead::cni
