// CNI's configuration lists, and what is shown of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace fairlead::cli {

// What a runtime's users call a network, and what fairlead makes of it; what is empty is chosen.
struct ConflistWish {
  std::string name = "fairlead";
  std::string network;  // fairlead's name for it; empty: the same
  std::string subnet;
  std::string gateway;
  std::string range;
  std::string ipv6_subnet;  // "auto": chosen; empty: no IPv6
  std::uint32_t mtu = 0;    // bytes; 0: chosen
  bool internal = false;
};

std::string format_conflist(const ConflistWish& wish);

// A list of plugins that somebody wrote; absent: the text is none.
struct Conflist {
  std::string name;
  bool ours = false;    // one of its plugins is fairlead-cni
  std::string network;  // then fairlead's name for it
};
std::optional<Conflist> parse_conflist(std::string_view text);

// What keeps the daemon from attaching containers; absent: nothing. Errors: invalid_argument (not
// what a daemon of this version says).
Result<std::optional<std::string>> parse_unready(std::string_view body);

struct CniView {
  struct File {
    std::string path;
    std::string name;
    std::string network;
  };
  std::vector<File> files;            // with a plugin of ours
  std::vector<std::string> binaries;  // of the plugin, where runtimes look
};
std::string format_cni_json(const CniView& view);
std::string format_cni_text(const CniView& view);

}  // namespace fairlead::cli
