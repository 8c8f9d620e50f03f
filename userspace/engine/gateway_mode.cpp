#include "engine/gateway_mode.h"

#include <set>

#include "base/quote.h"
#include "engine/option_names.h"

namespace fairlead::engine {

namespace {

constexpr char kNat[] = "nat";
constexpr char kRouted[] = "routed";

}  // namespace

Status check_gateway_mode(const std::string& text) {
  if (text == kNat || text == kRouted) return {};
  return fail(Errc::invalid_argument, fairlead::quoted(text) +
                                          " is no gateway mode that fairlead knows: \"" + kNat +
                                          "\", behind the host's addresses, or \"" + kRouted +
                                          "\", with addresses that are known outside");
}

Status settle_routed(NetworkRequest& request) {
  std::set<bool> said;
  const auto ask = [&](const char* name) {
    const auto mode = request.options.find(name);
    said.insert(mode == request.options.end() ? request.routed : mode->second == kRouted);
  };
  if (request.v4) ask(option::kGatewayModeV4);
  if (request.v6) ask(option::kGatewayModeV6);
  if (request.options.contains(option::kRouted)) said.insert(request.routed);
  if (said.size() > 1)
    return fail(Errc::invalid_argument,
                std::string("a fairlead network is routed in both families or in none: give ") +
                    option::kGatewayModeV4 + " and " + option::kGatewayModeV6 +
                    " the same value (the one that is left out is \"" + kNat + "\"), or " +
                    option::kRouted + " alone");
  request.routed = said.contains(true);
  return {};
}

}  // namespace fairlead::engine
