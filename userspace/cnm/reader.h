// Reads JSON field by field and remembers the first thing that was wrong, so that a parser reads as
// a list of fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::cnm {

// An object of a parsed document. Absent and null are the same, as for Docker: the default. Unknown
// fields are not looked at. Copies share the document and the problem.
class Reader {
 public:
  // Deeper than anything Docker sends; more is refused before it is parsed.
  static constexpr unsigned kMaxDepth = 16;

  // Errors: invalid_argument (no JSON, not an object, nested too deep). Fields with a name in
  // `skip`, at any depth, are checked to be JSON and not kept: Docker sends the ports of a
  // container with three calls, thousands of them if need be, and only one is about ports.
  static Result<Reader> parse(std::string_view text,
                              std::initializer_list<std::string_view> skip = {});
  // A document that is an array of objects.
  static Result<std::vector<Reader>> parse_array(std::string_view text);

  std::string required_string(std::string_view field);  // present and not empty
  std::string string(std::string_view field);
  std::optional<bool> boolean(std::string_view field);
  std::uint64_t number(std::string_view field, std::uint64_t max);  // 0 when absent
  Reader object(std::string_view field);
  std::vector<Reader> array(std::string_view field);              // of objects
  std::map<std::string, Reader> objects(std::string_view field);  // an object of objects
  // An object of strings; numbers and booleans become text.
  // Only those whose name begins with `prefix`.
  std::map<std::string, std::string> strings(std::string_view field, std::string_view prefix = {});

  // "NetworkID is not a string", "IPv4Data[1].Pool is missing".
  const std::optional<std::string>& problem() const { return shared_->problem; }

 private:
  struct Shared {
    std::shared_ptr<const void> document;
    std::optional<std::string> problem;
  };

  // `json`: a const nlohmann::json*, whose header stays in the codecs; null: an empty object.
  Reader(std::shared_ptr<Shared> shared, const void* json, std::string path)
      : shared_(std::move(shared)), json_(json), path_(std::move(path)) {}

  const void* find(std::string_view field) const;
  void complain(std::string_view field, std::string_view what);

  std::shared_ptr<Shared> shared_;
  const void* json_;
  std::string path_;  // "IPv4Data[1]."
};

}  // namespace fairlead::cnm
