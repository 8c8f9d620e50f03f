#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/nesting.h"
#include "cnm/reader.h"

namespace fairlead::cnm {

namespace {

using nlohmann::json;

const json& as_json(const void* value) { return *static_cast<const json*>(value); }

Result<std::shared_ptr<const json>> parse_document(
    std::string_view text, std::initializer_list<std::string_view> skip = {}) {
  if (nests_deeper(text, Reader::kMaxDepth))
    return fail(Errc::invalid_argument,
                "the JSON is nested deeper than " + std::to_string(Reader::kMaxDepth) + " levels");
  json::parser_callback_t keep;
  if (skip.size() != 0)
    keep = [skip](int, json::parse_event_t event, const json& parsed) {
      return event != json::parse_event_t::key ||
             std::ranges::find(skip, parsed.get_ref<const std::string&>()) == skip.end();
    };
  json document = json::parse(text, keep, /*allow_exceptions=*/false);
  if (document.is_discarded()) return fail(Errc::invalid_argument, "the body is not valid JSON");
  return std::make_shared<const json>(std::move(document));
}

}  // namespace

Result<Reader> Reader::parse(std::string_view text, std::initializer_list<std::string_view> skip) {
  auto document = parse_document(text, skip);
  if (!document) return std::unexpected(std::move(document).error());
  if (!(*document)->is_object())
    return fail(Errc::invalid_argument, "the body is not a JSON object");
  const void* root = document->get();
  return Reader(std::make_shared<Shared>(Shared{std::move(*document), {}}), root, "");
}

Result<std::vector<Reader>> Reader::parse_array(std::string_view text) {
  auto document = parse_document(text);
  if (!document) return std::unexpected(std::move(document).error());
  if (!(*document)->is_array()) return fail(Errc::invalid_argument, "the body is not a JSON array");
  const json& root = **document;
  auto shared = std::make_shared<Shared>(Shared{std::move(*document), {}});
  std::vector<Reader> out;
  for (const json& element : root) {
    const std::string path = "[" + std::to_string(out.size()) + "]";
    if (!element.is_object()) return fail(Errc::invalid_argument, path + " is not an object");
    out.push_back(Reader(shared, &element, path + "."));
  }
  return out;
}

const void* Reader::find(std::string_view field) const {
  if (json_ == nullptr) return nullptr;
  const json& object = as_json(json_);
  const auto found = object.find(field);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

void Reader::complain(std::string_view field, std::string_view what) {
  if (shared_->problem) return;
  shared_->problem = path_ + std::string(field) + " " + std::string(what);
}

std::string Reader::required_string(std::string_view field) {
  std::string value = string(field);
  if (value.empty()) complain(field, "is missing");
  return value;
}

std::string Reader::string(std::string_view field) {
  const void* value = find(field);
  if (value == nullptr) return "";
  if (const auto* text = as_json(value).get_ptr<const std::string*>()) return *text;
  complain(field, "is not a string");
  return "";
}

std::optional<bool> Reader::boolean(std::string_view field) {
  const void* value = find(field);
  if (value == nullptr) return std::nullopt;
  if (const auto* truth = as_json(value).get_ptr<const bool*>()) return *truth;
  complain(field, "is not a boolean");
  return std::nullopt;
}

std::uint64_t Reader::number(std::string_view field, std::uint64_t max) {
  const void* value = find(field);
  if (value == nullptr) return 0;
  if (const auto* count = as_json(value).get_ptr<const std::uint64_t*>(); count && *count <= max)
    return *count;
  complain(field, "is not a whole number from 0 to " + std::to_string(max));
  return 0;
}

Reader Reader::object(std::string_view field) {
  const void* value = find(field);
  if (value != nullptr && !as_json(value).is_object()) {
    complain(field, "is not an object");
    value = nullptr;
  }
  return {shared_, value, path_ + std::string(field) + "."};
}

std::vector<Reader> Reader::array(std::string_view field) {
  const void* value = find(field);
  if (value == nullptr) return {};
  if (!as_json(value).is_array()) {
    complain(field, "is not an array");
    return {};
  }
  std::vector<Reader> out;
  for (const json& element : as_json(value)) {
    const std::string name = std::string(field) + "[" + std::to_string(out.size()) + "]";
    if (!element.is_object()) complain(name, "is not an object");
    out.push_back({shared_, element.is_object() ? &element : nullptr, path_ + name + "."});
  }
  return out;
}

std::map<std::string, Reader> Reader::objects(std::string_view field) {
  Reader outer = object(field);
  if (outer.json_ == nullptr) return {};
  std::map<std::string, Reader> out;
  for (const auto& [key, element] : as_json(outer.json_).items()) {
    if (!element.is_object()) outer.complain(key, "is not an object");
    out.insert(
        {key, Reader(shared_, element.is_object() ? &element : nullptr, outer.path_ + key + ".")});
  }
  return out;
}

std::map<std::string, std::string> Reader::strings(std::string_view field,
                                                   std::string_view prefix) {
  Reader outer = object(field);
  if (outer.json_ == nullptr) return {};
  std::map<std::string, std::string> out;
  for (const auto& [key, element] : as_json(outer.json_).items()) {
    if (!key.starts_with(prefix)) continue;
    if (const auto* text = element.get_ptr<const std::string*>()) {
      out[key] = *text;
    } else if (element.is_boolean() || element.is_number()) {
      out[key] = element.dump();
    } else if (!element.is_null()) {
      outer.complain(key, "is not a string");
    }
  }
  return out;
}

}  // namespace fairlead::cnm
