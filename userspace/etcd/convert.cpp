#include "etcd/convert.h"

#include <charconv>
#include <string_view>
#include <system_error>

namespace fairlead::etcd {
namespace {

void fill(const Compare& from, etcdserverpb::Compare& to) {
  to.set_key(from.key);
  to.set_target(etcdserverpb::Compare::CREATE);
  switch (from.what) {
    case Compare::What::absent:
      to.set_create_revision(0);
      return;
    case Compare::What::present:
      to.set_result(etcdserverpb::Compare::GREATER);
      to.set_create_revision(0);
      return;
    case Compare::What::modified_at:
      to.set_target(etcdserverpb::Compare::MOD);
      to.set_mod_revision(from.revision);
      return;
    case Compare::What::none_under:
      // Holds if it does for every key of the range; with none in it, for a key that is absent.
      to.set_key(start_of_prefix(from.key));
      to.set_range_end(end_of_prefix(from.key));
      to.set_create_revision(0);
      return;
  }
}

void fill(const Put& from, etcdserverpb::RequestOp& to) {
  auto& put = *to.mutable_request_put();
  put.set_key(from.key);
  put.set_value(from.value);
  put.set_lease(from.lease);
}

void fill(const Erase& from, etcdserverpb::RequestOp& to) {
  auto& erase = *to.mutable_request_delete_range();
  erase.set_key(from.key);
  if (from.all_under) erase.set_range_end(end_of_prefix(from.key));
}

}  // namespace

std::string end_of_prefix(const std::string& prefix) {
  std::string end = prefix;
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return {'\0'};
  end.back() = static_cast<char>(end.back() + 1);
  return end;
}

std::string start_of_prefix(const std::string& prefix) {
  return prefix.empty() ? std::string{'\0'} : prefix;
}

KeyValue to_entry(const etcdserverpb::KeyValue& from) {
  return {.key = from.key(),
          .value = from.value(),
          .created = from.create_revision(),
          .modified = from.mod_revision(),
          .lease = from.lease()};
}

Event to_event(const etcdserverpb::Event& from) {
  return {.erased = from.type() == etcdserverpb::Event::DELETE, .entry = to_entry(from.kv())};
}

Outcome to_outcome(const etcdserverpb::TxnResponse& from) {
  Outcome outcome{.done = from.succeeded(), .revision = from.header().revision(), .found = {}};
  for (const auto& response : from.responses()) {
    for (const auto& entry : response.response_range().kvs()) {
      outcome.found.push_back(to_entry(entry));
    }
  }
  return outcome;
}

etcdserverpb::TxnRequest to_request(const Transaction& transaction) {
  etcdserverpb::TxnRequest request;
  for (const auto& each : transaction.when) fill(each, *request.add_compare());
  for (const auto& each : transaction.then) {
    auto& operation = *request.add_success();
    std::visit([&operation](const auto& write) { fill(write, operation); }, each);
  }
  for (const auto& key : transaction.read) {
    request.add_failure()->mutable_request_range()->set_key(key);
  }
  return request;
}

std::string to_alarm(const std::string& text) {
  constexpr std::string_view kMember = "memberID:";
  constexpr std::string_view kAlarm = " alarm:";
  const auto alarm = text.find(kAlarm);
  if (!text.starts_with(kMember) || alarm == std::string::npos) return text;
  std::uint64_t member = 0;
  const auto [end, failed] =
      std::from_chars(text.data() + kMember.size(), text.data() + alarm, member);
  if (failed != std::errc() || end != text.data() + alarm) return text;
  char hex[17] = {};
  std::to_chars(hex, hex + 16, member, 16);
  std::string name = text.substr(alarm + kAlarm.size());
  while (name.ends_with(' ')) name.pop_back();
  return name + " on member " + hex;
}

}  // namespace fairlead::etcd
