// /v1/ports/...: who may reach published ports, changed at run time. Each answers with the ports it
// changed, as /v1/ports.
#pragma once

#include <string>

#include "api/route.h"

namespace fairlead::api {

Reply allow_ports(const Context& context, const std::string& body);
Reply deny_ports(const Context& context, const std::string& body);
Reply reset_ports(const Context& context, const std::string& body);

}  // namespace fairlead::api
