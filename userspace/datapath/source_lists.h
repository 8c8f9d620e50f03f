// Lists of who may reach published ports (fl_sources), shared by ports that have the same.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <vector>

#include "base/error.h"
#include "datapath/maps.h"
#include "model/network.h"

namespace fairlead::datapath {

// Lists are found again by what is in the map, so a restarted daemon uses those of the last one.
// Engine thread only.
class SourceLists {
 public:
  // `map` must outlive the object.
  static Result<SourceLists> load(const Map<fl_source_key, __u32>& map);

  // The list that says what the rules say; 0: everyone. It is whole when this returns, and nothing
  // is left if it fails. exhausted: the map is full.
  Result<__u32> list_of(const SourceRules& rules);

  // Removes the lists that `used` says false of.
  Status drop_unused(const std::function<bool(__u32 list)>& used);

 private:
  // An entry but for the number of its list.
  struct Source {
    __u32 prefix = 0;  // as in fl_source_key
    std::array<__u8, 16> address{};
    __u32 says = 0;  // enum fl_source

    auto operator<=>(const Source&) const = default;
  };
  using Sources = std::vector<Source>;  // sorted

  explicit SourceLists(const Map<fl_source_key, __u32>& map) : map_(&map) {}
  static Sources sources_of(const SourceRules& rules);
  static fl_source_key key_of(__u32 list, const Source& source);
  Status put(__u32 list, const Sources& sources) const;
  Status erase(__u32 list, const Sources& sources) const;
  __u32 unused_number();

  const Map<fl_source_key, __u32>* map_;
  std::map<__u32, Sources> lists_;
  std::map<Sources, __u32> numbers_;
  __u32 last_ = 0;  // number given last: not given again soon, for a program may still look it up
};

}  // namespace fairlead::datapath
