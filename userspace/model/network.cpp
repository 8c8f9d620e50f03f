#include "model/network.h"

namespace fairlead {

std::string to_string(Protocol protocol) {
  switch (protocol) {
    case Protocol::tcp:
      return "tcp";
    case Protocol::udp:
      return "udp";
    case Protocol::sctp:
      return "sctp";
  }
  return std::to_string(static_cast<unsigned>(protocol));
}

}  // namespace fairlead
