#include "etcd/endpoint.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include "base/quote.h"

namespace fairlead::etcd {
namespace {

constexpr std::string_view kDefaultPort = "2379";

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failed == std::errc() && end == text.data() + text.size() && port != 0;
}

bool consists_of(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_host(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdefABCDEF:.";
  constexpr std::string_view kName =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  if (text.starts_with('[')) {
    return text.ends_with(']') && consists_of(text.substr(1, text.size() - 2), kHex);
  }
  return consists_of(text, kName);
}

}  // namespace

Result<Endpoint> parse_endpoint(const std::string& url) {
  const auto wrong = [&url](const std::string& why) {
    return fail(Errc::invalid_argument, "etcd endpoint " + fairlead::quoted(url) + ": " + why +
                                            ": write it like https://10.0.0.1:2379");
  };
  std::string_view rest = url;
  const bool tls = rest.starts_with("https://");
  if (!tls && !rest.starts_with("http://"))
    return wrong("begins with neither https:// nor http://");
  rest.remove_prefix(tls ? 8 : 7);
  if (rest.ends_with('/')) rest.remove_suffix(1);

  std::string_view port = kDefaultPort;
  const auto colon = rest.rfind(':');
  const auto bracket = rest.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || bracket < colon)) {
    port = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  if (!is_host(rest)) return wrong("has no proper host name or address");
  if (!is_port(port)) return wrong("has no proper port");
  // gRPC takes addresses for names that need no looking up.
  return Endpoint{
      .url = url, .target = "dns:///" + std::string(rest) + ":" + std::string(port), .tls = tls};
}

}  // namespace fairlead::etcd
