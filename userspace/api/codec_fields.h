// Fields of a JSON object, each looked for by name; what is left over is an error.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::api {

// The first thing that is wrong stays, and what is read after it counts no more. Absent and null
// are the same: the default.
class Fields {
 public:
  // Of a body. Errors: invalid_argument (no JSON object).
  static Result<Fields> parse(std::string_view body);
  Fields(Fields&&) noexcept;
  Fields& operator=(Fields&&) noexcept;
  ~Fields();

  std::string text(const char* name);
  std::string required_text(const char* name);  // not empty
  bool flag(const char* name);
  std::uint64_t number(const char* name, std::uint64_t highest);
  std::vector<std::string> texts(const char* name);
  std::map<std::string, std::string> words(const char* name);  // an object of texts

  // By T's own parser; absent or empty: nothing.
  template <typename T>
  std::optional<T> parsed(const char* name, Result<T> (*parser)(std::string_view)) {
    const std::string given = text(name);
    if (given.empty()) return std::nullopt;
    auto value = parser(given);
    if (value) return *value;
    refuse(name, value.error().message());
    return std::nullopt;
  }

  bool is_false(const char* name) const;
  // Calls `read` with the object's fields, if it is there. Is it?
  bool object(const char* name, const std::function<void(Fields&)>& read);
  // And for each object of a list. Is there a list?
  bool objects(const char* name, const std::function<void(Fields&)>& each);

  void refuse(const std::string& name, const std::string& why);
  // Errors: invalid_argument; also for a field that nobody asked for.
  Status end();

 private:
  // `where`: of the object in the body, for messages: "network."
  Fields(nlohmann::json object, std::string where);
  std::unique_ptr<nlohmann::json> take(const char* name);
  void read_part(nlohmann::json value, const std::string& name,
                 const std::function<void(Fields&)>& read);

  std::unique_ptr<nlohmann::json> object_;
  std::string where_;
  std::string problem_;
};

}  // namespace fairlead::api
