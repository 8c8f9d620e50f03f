#include "netlink/teardown.h"

namespace fairlead::netlink {

Result<std::vector<std::string>> remove_veths(Links& links, const std::string& prefix) {
  if (prefix.empty())
    return fail(Errc::invalid_argument, "remove devices: a prefix is needed, \"\" means them all");
  auto all = links.links();
  if (!all) return fail(std::move(all).error(), "remove devices " + prefix + "*");

  std::vector<std::string> removed;
  std::string problems;
  for (const auto& link : *all) {
    if (link.kind != "veth" || !link.name.starts_with(prefix)) continue;
    if (auto gone = links.remove_link(link.name); gone) {
      removed.push_back(link.name);
    } else {
      problems += (problems.empty() ? "" : "; ") + gone.error().message();
    }
  }
  if (!problems.empty()) return fail(Errc::unavailable, std::move(problems));
  return removed;
}

}  // namespace fairlead::netlink
