// /v1/cluster and what is below it. Every change is answered with what /v1/cluster says afterwards.
#pragma once

#include "api/route.h"

namespace fairlead::api {

Reply get_cluster(const Context& context, const std::string& body);
Reply export_cluster(const Context& context, const std::string& body);

Reply init_cluster(const Context& context, const std::string& body);
Reply join_cluster(const Context& context, const std::string& body);
Reply leave_cluster(const Context& context, const std::string& body);
Reply forget_node(const Context& context, const std::string& body);
Reply accept_store(const Context& context, const std::string& body);
Reply import_cluster(const Context& context, const std::string& body);

}  // namespace fairlead::api
