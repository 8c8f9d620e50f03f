#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "cluster/settings.h"

namespace fairlead::cluster {

namespace {

using nlohmann::json;

// Remembers the first field that has another type than it must have.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}

  void read(const char* name, std::string& field) {
    const json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_string()) return refuse(name, "must be a string");
    field = value->get_ref<const std::string&>();
  }

  void read(const char* name, std::vector<std::string>& field) {
    const json* value = find(name);
    if (value == nullptr) return;
    const auto is_text = [](const json& each) { return each.is_string(); };
    if (!value->is_array() || !std::ranges::all_of(*value, is_text)) {
      return refuse(name, "must be an array of strings");
    }
    field.assign(value->begin(), value->end());
  }

  void read(const char* name, bool& field) {
    const json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_boolean()) return refuse(name, "must be true or false");
    field = value->get<bool>();
  }

  // A whole number from 0 to `most`.
  void read(const char* name, std::uint64_t most, std::uint64_t& field) {
    const json* value = find(name);
    if (value == nullptr) return;
    if (!value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
      return refuse(name, "must be a whole number from 0 to " + std::to_string(most));
    }
    field = value->get<std::uint64_t>();
  }

  void refuse(const char* name, const std::string& why) {
    if (!problem_) return;
    problem_ = fail(Errc::invalid_argument, "cluster setting " + std::string(name) + " " + why);
  }

  Status problem() const { return problem_; }

 private:
  // Null is absent.
  const json* find(const char* name) const {
    const auto found = object_.find(name);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  const json& object_;
  Status problem_;
};

void read_underlay(Fields& fields, std::vector<Address>& underlay) {
  std::vector<std::string> texts;
  fields.read("underlay", texts);
  for (const auto& text : texts) {
    const auto address = Address::parse(text);
    if (!address) return fields.refuse("underlay", "has a mistake: " + address.error().message());
    underlay.push_back(*address);
  }
}

void read_numbers(Fields& fields, Settings& settings) {
  std::uint64_t port = settings.port;
  std::uint64_t lease = static_cast<std::uint64_t>(settings.lease.count());
  fields.read("port", 65535, port);
  fields.read("lease", std::numeric_limits<std::uint32_t>::max(), lease);
  settings.port = static_cast<std::uint16_t>(port);
  settings.lease = std::chrono::seconds(lease);
}

}  // namespace

std::string format(const Settings& settings) {
  json underlay = json::array();
  for (const auto& address : settings.underlay) underlay.push_back(address.to_string());
  const json object = {{"name", settings.name},     {"node", settings.node},
                       {"etcd", settings.etcd},     {"ca", settings.ca},
                       {"cert", settings.cert},     {"key", settings.key},
                       {"user", settings.user},     {"password", settings.password},
                       {"port", settings.port},     {"underlay", std::move(underlay)},
                       {"mirror", settings.mirror}, {"lease", settings.lease.count()}};
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Settings> parse_settings(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return fail(Errc::invalid_argument, "cluster settings are not a JSON object");
  }
  Settings settings;
  Fields fields(object);
  fields.read("name", settings.name);
  fields.read("node", settings.node);
  fields.read("etcd", settings.etcd);
  fields.read("ca", settings.ca);
  fields.read("cert", settings.cert);
  fields.read("key", settings.key);
  fields.read("user", settings.user);
  fields.read("password", settings.password);
  fields.read("mirror", settings.mirror);
  read_underlay(fields, settings.underlay);
  read_numbers(fields, settings);
  if (auto fine = fields.problem(); !fine) return std::unexpected(std::move(fine).error());
  return settings;
}

}  // namespace fairlead::cluster
