// What libbpf has to say.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace fairlead::datapath {

// Sends libbpf's messages to `sink`, one line each, without the newline; null: nowhere. All of them
// are for a person who looks for the cause of an Error that was returned: libbpf also warns of what
// is expected, such as a qdisc that exists. Process-wide, as libbpf's setting is.
void set_libbpf_sink(std::function<void(std::string_view line)> sink);

// While it lives, keeps what libbpf says.
class LibbpfCapture {
 public:
  LibbpfCapture();
  ~LibbpfCapture();
  LibbpfCapture(const LibbpfCapture&) = delete;
  LibbpfCapture& operator=(const LibbpfCapture&) = delete;

  // The end of the verifier's log if there is one, else of everything: at most `lines` lines.
  std::string last_words(int lines) const;
};

}  // namespace fairlead::datapath
