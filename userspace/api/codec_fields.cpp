#include "api/codec_fields.h"

#include <nlohmann/json.hpp>

#include "base/quote.h"

namespace fairlead::api {

using nlohmann::json;

Fields::Fields(json object, std::string where)
    : object_(std::make_unique<json>(std::move(object))), where_(std::move(where)) {}
Fields::Fields(Fields&&) noexcept = default;
Fields& Fields::operator=(Fields&&) noexcept = default;
Fields::~Fields() = default;

Result<Fields> Fields::parse(std::string_view body) {
  json value =
      body.empty() ? json::object() : json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return fail(Errc::invalid_argument, "the body is no JSON object");
  return Fields(std::move(value), "");
}

// Nothing: absent or null.
std::unique_ptr<json> Fields::take(const char* name) {
  const auto found = object_->find(name);
  if (found == object_->end()) return nullptr;
  auto value = std::make_unique<json>(std::move(*found));
  object_->erase(found);
  return value->is_null() ? nullptr : std::move(value);
}

void Fields::refuse(const std::string& name, const std::string& why) {
  if (problem_.empty()) problem_ = fairlead::quoted(where_ + name) + ": " + why;
}

std::string Fields::text(const char* name) {
  const auto value = take(name);
  if (!value) return {};
  if (value->is_string()) return value->get<std::string>();
  refuse(name, "must be a string");
  return {};
}

std::string Fields::required_text(const char* name) {
  std::string value = text(name);
  if (value.empty()) refuse(name, "must be a string that is not empty");
  return value;
}

bool Fields::flag(const char* name) {
  const auto value = take(name);
  if (!value) return false;
  if (!value->is_boolean()) refuse(name, "must be true or false");
  return value->is_boolean() && value->get<bool>();
}

std::uint64_t Fields::number(const char* name, std::uint64_t highest) {
  const auto value = take(name);
  if (!value) return 0;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() <= highest)
    return value->get<std::uint64_t>();
  refuse(name, "must be a whole number from 0 to " + std::to_string(highest));
  return 0;
}

std::vector<std::string> Fields::texts(const char* name) {
  std::vector<std::string> out;
  const auto value = take(name);
  if (!value) return out;
  if (!value->is_array()) refuse(name, "must be a list of strings");
  for (const json& each : *value) {
    if (each.is_string())
      out.push_back(each.get<std::string>());
    else
      refuse(name, "must be a list of strings");
  }
  return out;
}

std::map<std::string, std::string> Fields::words(const char* name) {
  std::map<std::string, std::string> out;
  const auto value = take(name);
  if (!value) return out;
  if (!value->is_object()) {
    refuse(name, "must be an object of strings");
    return out;
  }
  for (const auto& [key, word] : value->items()) {
    if (word.is_string())
      out[key] = word.get<std::string>();
    else
      refuse(name, "must be an object of strings");
  }
  return out;
}

bool Fields::is_false(const char* name) const {
  const auto found = object_->find(name);
  return found != object_->end() && *found == false;
}

void Fields::read_part(json value, const std::string& name,
                       const std::function<void(Fields&)>& read) {
  if (!value.is_object()) return refuse(name, "must be an object");
  Fields part(std::move(value), where_ + name + ".");
  read(part);
  if (auto done = part.end(); !done && problem_.empty()) problem_ = part.problem_;
}

bool Fields::object(const char* name, const std::function<void(Fields&)>& read) {
  const auto value = take(name);
  if (!value) return false;
  read_part(std::move(*value), name, read);
  return true;
}

bool Fields::objects(const char* name, const std::function<void(Fields&)>& each) {
  const auto value = take(name);
  if (!value) return false;
  if (!value->is_array()) {
    refuse(name, "must be a list of objects");
    return true;
  }
  for (std::size_t n = 0; n < value->size(); ++n)
    read_part(std::move((*value)[n]), name + ("[" + std::to_string(n) + "]"), each);
  return true;
}

Status Fields::end() {
  if (problem_.empty() && !object_->empty()) refuse(object_->begin().key(), "is no known field");
  if (problem_.empty()) return {};
  return fail(Errc::invalid_argument, "field " + problem_);
}

}  // namespace fairlead::api
