// The BPF objects: opened, configured, their maps shared by pins, loaded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "bpf/shared/config.h"
#include "datapath/options.h"
#include "datapath/pins.h"

struct bpf_object;

namespace fairlead::datapath {

// Owns programs and maps. When it is destroyed, what is attached and pinned stays.
class Programs {
 public:
  // Maps that are pinned are used as they are, with what is in them. Errors: unsupported, if a
  // pinned map has another layout (names the map and what to do) or the verifier refuses a program
  // (its last words); as fail_errno() otherwise. `socket_hooks`: load those too.
  static Result<Programs> load(const Options& options, const fl_config& config, const Pins& pins,
                               bool socket_hooks);
  Programs(Programs&&) noexcept;
  Programs& operator=(Programs&&) noexcept;
  ~Programs();

  // socket_shortcut, which few hosts need. Errors as load()'s; again is success.
  Status load_shortcut(const Options& options, const fl_config& config, const Pins& pins);

  int endpoint() const;  // fd of program tc_endpoint
  int uplink() const;
  int host() const;
  int tunnel() const;
  int limit() const;
  int collecting() const;        // program collect; to be run, not attached: datapath/flows.h
  int refusing() const;          // program collect_refused, the same
  int xdp() const;               // negative: not loaded
  bpf_object* sockets() const;   // null: not loaded
  bpf_object* shortcut() const;  // the same

  int map(const std::string& name) const;  // fd; negative: there is none

  // Maps that keep another size than the configured one, and what could not be loaded and need not.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Objects;
  Programs();
  std::unique_ptr<Objects> objects_;
  std::vector<std::string> notes_;
};

}  // namespace fairlead::datapath
