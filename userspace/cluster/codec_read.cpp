// Records from JSON. Fields that a newer version adds are ignored; a field that is there must make
// sense.
#include <nlohmann/json.hpp>

#include "base/quote.h"
#include "cluster/key.h"

namespace fairlead::cluster {

namespace {

using nlohmann::json;

constexpr std::uint32_t kLastVni = 0xffffff;  // 24 bits, RFC 7348 section 5

std::string parse_each(Address& out, const std::string& text) {
  auto parsed = Address::parse(text);
  if (!parsed) return parsed.error().message();
  out = *parsed;
  return "";
}

std::string parse_each(Prefix& out, const std::string& text) {
  auto parsed = Prefix::parse(text);
  if (!parsed) return parsed.error().message();
  if (*parsed != parsed->network()) return "prefix " + text + " has bits set behind its length";
  out = *parsed;
  return "";
}

std::string parse_each(Mac& out, const std::string& text) {
  auto parsed = Mac::parse(text);
  if (!parsed) return parsed.error().message();
  out = *parsed;
  return "";
}

// Reads fields of one object and keeps the first thing that was wrong, so that a record reads as
// the list of its fields.
class Fields {
 public:
  explicit Fields(const json& object) : object_(object) {}

  std::string text(const char* field) {
    const json* value = find(field);
    if (value == nullptr) return "";
    if (const auto* text = value->get_ptr<const std::string*>()) return *text;
    complain(field, "is not a string");
    return "";
  }

  std::string required_text(const char* field) {
    std::string value = text(field);
    if (value.empty()) complain(field, "is missing");
    return value;
  }

  std::uint64_t number(const char* field, std::uint64_t first, std::uint64_t last) {
    const json* value = find(field);
    const auto* count = value == nullptr ? nullptr : value->get_ptr<const std::uint64_t*>();
    if (count != nullptr && *count >= first && *count <= last) return *count;
    complain(field,
             "is not a whole number from " + std::to_string(first) + " to " + std::to_string(last));
    return 0;
  }

  bool has(const char* field) const { return find(field) != nullptr; }

  bool truth(const char* field) {
    const json* value = find(field);
    if (value == nullptr) return false;
    if (const auto* truth = value->get_ptr<const bool*>()) return *truth;
    complain(field, "is not a boolean");
    return false;
  }

  // An address, prefix or MAC, as text.
  template <typename T>
  std::optional<T> maybe(const char* field) {
    const std::string value = text(field);
    if (value.empty()) return std::nullopt;
    T parsed;
    if (const auto why = parse_each(parsed, value); !why.empty()) {
      complain(field, why);
      return std::nullopt;
    }
    return parsed;
  }

  template <typename T>
  T required(const char* field) {
    if (!has(field)) complain(field, "is missing");
    return maybe<T>(field).value_or(T());
  }

  std::vector<Address> addresses(const char* field) {
    std::vector<Address> out;
    const json* value = find(field);
    if (value == nullptr) return out;
    if (!value->is_array()) complain(field, "is not a list");
    if (problem_) return out;
    for (const json& each : *value) {
      const auto* text = each.get_ptr<const std::string*>();
      Address address;
      const auto why = text == nullptr ? "is not a string" : parse_each(address, *text);
      if (!why.empty()) complain(field, why);
      out.push_back(address);
    }
    return out;
  }

  std::map<std::string, std::string> texts(const char* field) {
    std::map<std::string, std::string> out;
    const json* value = find(field);
    if (value == nullptr) return out;
    if (!value->is_object()) complain(field, "is not an object");
    if (problem_) return out;
    for (const auto& [name, each] : value->items()) {
      const auto* text = each.get_ptr<const std::string*>();
      if (text == nullptr) complain(field, "holds something that is not a string");
      if (text != nullptr) out[name] = *text;
    }
    return out;
  }

  std::optional<Subnet> subnet(const char* field) {
    const json* value = find(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) {
      complain(field, "is not an object");
      return std::nullopt;
    }
    Fields inner(*value);
    Subnet subnet{.pool = inner.required<Prefix>("pool"),
                  .gateway = inner.maybe<Address>("gateway")};
    if (inner.problem_) complain(field, *inner.problem_);
    return subnet;
  }

  void complain(const char* field, const std::string& what) {
    if (!problem_) problem_ = std::string(field) + ": " + what;
  }
  const std::optional<std::string>& problem() const { return problem_; }

 private:
  const json* find(const char* field) const {
    const auto found = object_.find(field);
    return found == object_.end() || found->is_null() ? nullptr : &*found;
  }

  const json& object_;
  std::optional<std::string> problem_;
};

Address address_part(Fields& read, const std::string& part) {
  Address address;
  const auto why = parse_each(address, part);
  if (!why.empty()) read.complain("key", why);
  if (why.empty() && address.to_string() != part)
    read.complain("key", "address is not in its usual form");
  return address;
}

Prefix prefix_part(Fields& read, const std::string& part) {
  auto prefix = parse_pool_id(part);
  if (!prefix) read.complain("key", prefix.error().message());
  return prefix.value_or(Prefix());
}

SharedNetwork read_network(Fields& read, const Key& key) {
  SharedNetwork network;
  network.id = key.parts[0];
  network.name = read.text("name");
  network.vni = static_cast<std::uint32_t>(read.number("vni", 1, kLastVni));
  network.v4 = read.subnet("v4");
  network.v6 = read.subnet("v6");
  network.pool_v4 = read.text("pool_v4");
  network.pool_v6 = read.text("pool_v6");
  if (read.has("mtu")) network.mtu = static_cast<std::uint32_t>(read.number("mtu", 1, 0xffff));
  network.options = read.texts("options");
  network.internal = read.truth("internal");
  network.created_by = read.text("created_by");
  network.removing = read.truth("removing");
  return network;
}

SharedPool read_pool(Fields& read, const Key& key) {
  SharedPool pool;
  pool.id = key.parts[0];
  pool.prefix = prefix_part(read, pool.id);
  pool.range = read.maybe<Prefix>("range");
  const Prefix base = pool.range.value_or(pool.prefix);
  if (!pool.prefix.contains(base)) read.complain("range", "is not inside the pool");
  pool.block = static_cast<unsigned>(
      read.number("block", base.length(), base.family() == Family::v4 ? 32 : 128));
  pool.gateway = read.maybe<Address>("gateway");
  return pool;
}

Block read_block(Fields& read, const Key& key) {
  Block block{.pool = key.parts[0],
              .prefix = prefix_part(read, key.parts[1]),
              .owner = read.required_text("owner"),
              .lent = {}};
  for (const auto& [text, node] : read.texts("lent")) {
    Address address;
    const auto why = parse_each(address, text);
    if (!why.empty()) read.complain("lent", why);
    if (why.empty() && !block.prefix.contains(address))
      read.complain("lent", "is not of this block");
    block.lent[address] = node;
  }
  return block;
}

SharedEndpoint read_endpoint(Fields& read, const Key& key) {
  return {.network = key.parts[0],
          .node = key.parts[1],
          .key = key.parts[2],
          .v4 = read.maybe<Address>("v4"),
          .v6 = read.maybe<Address>("v6"),
          .mac = read.required<Mac>("mac"),
          .name = read.text("name")};
}

Node read_node(Fields& read, const Key& key) {
  return {.name = key.parts[0],
          .vteps = read.addresses("vteps"),
          .port = static_cast<std::uint16_t>(read.number("port", 0, 0xffff)),
          .mtu = static_cast<std::uint32_t>(read.number("mtu", 0, 0xffffffff)),
          .instance = read.text("instance")};
}

Index read_index(Fields& read, std::string_view rest) {
  return {.key = std::string(rest), .network = read.required_text("network")};
}

Record read_kind(Fields& read, const Key& key, std::string_view rest) {
  const auto& parts = key.parts;
  switch (key.kind) {
    case KeyKind::meta:
      return Meta{.uuid = read.required_text("uuid"),
                  .schema = static_cast<unsigned>(read.number("schema", 1, 0xffff)),
                  .created = read.text("created")};
    case KeyKind::alive:
      return Alive{.node = parts[0],
                   .boot_id = read.text("boot_id"),
                   .version = read.text("version"),
                   .since = read.text("since")};
    case KeyKind::node:
      return read_node(read, key);
    case KeyKind::network:
      return read_network(read, key);
    case KeyKind::member:
      return Member{.network = parts[0], .node = parts[1]};
    case KeyKind::pool:
      return read_pool(read, key);
    case KeyKind::user:
      return PoolUser{.pool = parts[0], .node = parts[1]};
    case KeyKind::block:
      return read_block(read, key);
    case KeyKind::fixed:
      return Static{.pool = parts[0],
                    .address = address_part(read, parts[1]),
                    .owner = read.required_text("owner")};
    case KeyKind::ask:
      return Ask{.pool = parts[0],
                 .address = address_part(read, parts[1]),
                 .node = parts[2],
                 .refusal = read.text("refusal")};
    case KeyKind::endpoint:
      return read_endpoint(read, key);
    case KeyKind::name:
    case KeyKind::vni:
    case KeyKind::other:
      break;
  }
  return read_index(read, rest);
}

}  // namespace

Result<Record> read_record(const Key& key, std::string_view rest, const std::string& value) {
  if (key.kind == KeyKind::other)
    return fail(Errc::not_found, "this version of fairlead does not know such a key");
  const json document = json::parse(value, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object()) return fail(Errc::invalid_argument, "the value is not a JSON object");
  Fields read(document);
  Record record = read_kind(read, key, rest);
  if (read.problem()) return fail(Errc::invalid_argument, *read.problem());
  return record;
}

}  // namespace fairlead::cluster
