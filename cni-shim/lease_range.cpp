#include "cni-shim/lease_range.h"

#include "model/address.h"

namespace fairlead::cni {

namespace {

unsigned bits_of(const Address& address) { return address.family() == Family::v4 ? 32 : 128; }

// The longest that has both.
Prefix around(const Address& first, const Address& last) {
  unsigned length = bits_of(first);
  while (length > 0 && !Prefix(first, length).network().contains(last)) --length;
  return Prefix(first, length).network();
}

}  // namespace

Outcome<std::string> prefix_of_range(const std::string& subnet, const std::string& first,
                                     const std::string& last) {
  if (first.empty() && last.empty()) return std::string();
  const auto pool = Prefix::parse(subnet);
  if (!pool) return refuse(Code::config, "subnet: " + pool.error().message());
  const auto begin = first.empty() ? Result<Address>(pool->first()) : Address::parse(first);
  if (!begin) return refuse(Code::config, "lease_range.start_ip: " + begin.error().message());
  const auto end = last.empty() ? Result<Address>(pool->last()) : Address::parse(last);
  if (!end) return refuse(Code::config, "lease_range.end_ip: " + end.error().message());

  const Prefix range = around(*begin, *end);
  const bool from_start = range.first() == *begin || range.first().plus(1) == *begin;
  const bool to_end = range.last() == *end || end->plus(1) == range.last();
  if (begin->family() == end->family() && from_start && to_end) return range.to_string();
  return refuse(Code::config, "lease_range " + begin->to_string() + " to " + end->to_string() +
                                  " is no prefix: fairlead's ranges are, as in --ip-range "
                                  "10.9.0.128/25");
}

}  // namespace fairlead::cni
