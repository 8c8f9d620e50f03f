#include "cni-shim/fields_codec.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/nesting.h"
#include "base/quote.h"

namespace fairlead::cni {

namespace {

using nlohmann::json;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_letters(std::string_view one, std::string_view other) {
  return std::ranges::equal(one, other, {}, lower, lower);
}

// Text of a value that is a string, a number or a boolean.
std::optional<std::string> scalar_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

}  // namespace

Outcome<json> parse_object(std::string_view text, const std::string& what) {
  if (nests_deeper(text, kMaxDepth))
    return refuse(Code::decode, what + " is nested deeper than " + std::to_string(kMaxDepth));
  json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded())
    return refuse(Code::decode, what + (text.empty() ? " is empty" : " is not JSON"));
  if (!document.is_object()) return refuse(Code::decode, what + " is not a JSON object");
  return document;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const json* Fields::find(std::string_view name) const {
  if (object_ == nullptr) return nullptr;
  const json* found = nullptr;
  if (const auto exact = object_->find(name); exact != object_->end()) {
    found = &*exact;
  } else if (letters_ == Case::any) {
    for (const auto& [key, value] : object_->items())
      if (found == nullptr && same_letters(key, name)) found = &value;
  }
  return found == nullptr || found->is_null() ? nullptr : found;
}

std::string Fields::string(std::string_view name) const {
  const json* value = find(name);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  complain(name, "is not a string");
  return {};
}

std::optional<bool> Fields::boolean(std::string_view name) const {
  const json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_boolean()) return value->get<bool>();
  complain(name, "is neither true nor false");
  return std::nullopt;
}

std::uint64_t Fields::number(std::string_view name, std::uint64_t max) const {
  const json* value = find(name);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() <= max)
    return value->get<std::uint64_t>();
  complain(name, "is not a whole number from 0 to " + std::to_string(max));
  return 0;
}

std::vector<std::string> Fields::strings(std::string_view name) const {
  const json* value = find(name);
  if (value == nullptr) return {};
  std::vector<std::string> out;
  if (!value->is_array()) complain(name, "is not a list of strings");
  for (const json& each : *value) {
    if (each.is_string())
      out.push_back(each.get<std::string>());
    else
      complain(name, "is not a list of strings");
  }
  return out;
}

std::map<std::string, std::string> Fields::texts(std::string_view name) const {
  const json* value = find(name);
  if (value == nullptr) return {};
  std::map<std::string, std::string> out;
  if (!value->is_object()) {
    complain(name, "is not an object of strings");
    return out;
  }
  for (const auto& [key, each] : value->items()) {
    if (auto text = scalar_text(each))
      out[key] = *std::move(text);
    else
      complain(name, "is not an object of strings");
  }
  return out;
}

Fields Fields::object(std::string_view name) const {
  const json* value = find(name);
  if (value != nullptr && !value->is_object()) {
    complain(name, "is not an object");
    value = nullptr;
  }
  return {value, path_ + std::string(name) + ".", *problem_, letters_};
}

std::vector<Fields> Fields::objects(std::string_view name) const {
  const json* value = find(name);
  if (value == nullptr) return {};
  std::vector<Fields> out;
  if (!value->is_array()) {
    complain(name, "is not a list");
    return out;
  }
  for (const json& each : *value) {
    const std::string path = path_ + std::string(name) + "[" + std::to_string(out.size()) + "]";
    if (!each.is_object()) {
      complain(name, "is not a list of objects");
      return {};
    }
    out.emplace_back(&each, path + ".", *problem_, letters_);
  }
  return out;
}

void Fields::allow_only(std::initializer_list<std::string_view> known) const {
  if (object_ == nullptr) return;
  for (const auto& [key, value] : object_->items()) {
    if (value.is_null() || std::ranges::find(known, key) != known.end()) continue;
    complain(fairlead::quoted(key), "is unknown; its value is " + fairlead::quoted(dump(value)),
             Code::unsupported_field);
  }
}

void Fields::complain(std::string_view name, std::string_view what, Code code) const {
  if (problem_->has_value()) return;
  *problem_ = Failure{code, path_ + std::string(name) + " " + std::string(what)};
}

}  // namespace fairlead::cni
