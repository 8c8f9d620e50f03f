#include <algorithm>
#include <cstddef>

#include "base/quote.h"
#include "cluster/key.h"
#include "cluster/records.h"

namespace fairlead::cluster {

namespace {

constexpr std::size_t kLongestName = 63;

bool is_name(const std::string& name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kLongestName && std::ranges::all_of(name, good);
}

// What a record's key is made of.
struct KeyOf {
  const Layout& layout;

  std::string operator()(const Meta&) const { return layout.meta(); }
  std::string operator()(const Alive& of) const { return layout.alive(of.node); }
  std::string operator()(const Node& of) const { return layout.node(of.name); }
  std::string operator()(const SharedNetwork& of) const { return layout.network(of.id); }
  std::string operator()(const Member& of) const { return layout.member(of.network, of.node); }
  std::string operator()(const SharedPool& of) const { return layout.pool(of.id); }
  std::string operator()(const PoolUser& of) const { return layout.user(of.pool, of.node); }
  std::string operator()(const Block& of) const { return layout.block(of.pool, of.prefix); }
  std::string operator()(const Static& of) const { return layout.fixed(of.pool, of.address); }
  std::string operator()(const Ask& of) const { return layout.ask(of.pool, of.address, of.node); }
  std::string operator()(const SharedEndpoint& of) const {
    return layout.endpoint(of.network, of.node, of.key);
  }
  std::string operator()(const Index& of) const { return layout.root() + of.key; }
};

}  // namespace

Result<Layout> Layout::create(const std::string& cluster) {
  if (is_name(cluster)) return Layout("/fairlead/v1/" + cluster + "/");
  return fail(Errc::invalid_argument,
              fairlead::quoted(cluster) + " is not the name of a cluster: 1 to " +
                  std::to_string(kLongestName) + " of a-z A-Z 0-9 . _ and -");
}

std::string Layout::meta() const { return root_ + "meta"; }

std::string Layout::alive(const std::string& node) const { return root_ + "alive/" + escape(node); }

std::string Layout::node(const std::string& node) const { return root_ + "nodes/" + escape(node); }

std::string Layout::networks() const { return root_ + "networks/"; }

std::string Layout::network(const std::string& id) const { return networks() + escape(id); }

std::string Layout::names() const { return root_ + "names/"; }

std::string Layout::name(const std::string& name) const { return names() + escape(name); }

std::string Layout::vnis() const { return root_ + "vni/"; }

std::string Layout::vni(std::uint32_t vni) const { return vnis() + std::to_string(vni); }

std::string Layout::members(const std::string& network) const {
  return root_ + "members/" + escape(network) + "/";
}

std::string Layout::member(const std::string& network, const std::string& node) const {
  return members(network) + escape(node);
}

std::string Layout::pools() const { return root_ + "pools/"; }

std::string Layout::pool(const std::string& id) const { return pools() + escape(id); }

std::string Layout::all_users() const { return root_ + "users/"; }

std::string Layout::users(const std::string& pool) const {
  return all_users() + escape(pool) + "/";
}

std::string Layout::user(const std::string& pool, const std::string& node) const {
  return users(pool) + escape(node);
}

std::string Layout::blocks(const std::string& pool) const {
  return root_ + "blocks/" + escape(pool) + "/";
}

std::string Layout::block(const std::string& pool, const Prefix& prefix) const {
  return blocks(pool) + pool_id(prefix);
}

std::string Layout::statics(const std::string& pool) const {
  return root_ + "static/" + escape(pool) + "/";
}

std::string Layout::fixed(const std::string& pool, const Address& address) const {
  return statics(pool) + address.to_string();
}

std::string Layout::asks(const std::string& pool) const {
  return root_ + "asks/" + escape(pool) + "/";
}

std::string Layout::ask(const std::string& pool, const Address& address,
                        const std::string& node) const {
  return asks(pool) + address.to_string() + "/" + escape(node);
}

std::string Layout::endpoints(const std::string& network) const {
  return root_ + "eps/" + escape(network) + "/";
}

std::string Layout::endpoints(const std::string& network, const std::string& node) const {
  return endpoints(network) + escape(node) + "/";
}

std::string Layout::endpoint(const std::string& network, const std::string& node,
                             const std::string& key) const {
  return endpoints(network, node) + escape(key);
}

std::string Layout::pools_guard() const { return root_ + "guards/pools"; }

std::string Layout::blocks_guard(const std::string& pool) const {
  return root_ + "guards/blocks/" + escape(pool);
}

Result<Record> Layout::parse(const std::string& key, const std::string& value) const {
  if (!key.starts_with(root_))
    return fail(Errc::not_found, "key " + fairlead::quoted(key) + " is not below " + root_);
  const std::string_view rest = std::string_view(key).substr(root_.size());
  auto record = read_record(split_key(rest), rest, value);
  if (!record) return fail(std::move(record).error(), "key " + fairlead::quoted(key));
  return record;
}

std::string Layout::key(const Record& record) const { return std::visit(KeyOf{*this}, record); }

std::string pool_id(const Prefix& prefix) {
  return prefix.first().to_string() + "-" + std::to_string(prefix.length());
}

}  // namespace fairlead::cluster
