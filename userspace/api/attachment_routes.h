// /v1/attachments/...: containers of runtimes that are not Docker. The namespace comes as a file
// with the request.
#pragma once

#include <string>

#include "api/route.h"

namespace fairlead::api {

Reply attach(const Context& context, const std::string& body);
Reply detach(const Context& context, const std::string& body);
Reply check_attachment(const Context& context, const std::string& body);
Reply collect_attachments(const Context& context, const std::string& body);
Reply attachments_ready(const Context& context, const std::string& body);

}  // namespace fairlead::api
