// What goes when a host leaves a pool, a network, or the cluster. Each Decision is a piece that can
// be done alone or together with others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cluster/transact.h"

namespace fairlead::cluster {

// The host's blocks, static addresses, borrowed addresses and asks of a pool. What others have
// borrowed from its blocks becomes a static address of theirs.
std::vector<Decision> give_up_addresses(const View& view, const std::string& pool,
                                        const std::string& node);

// The host uses the pool no longer; the last one takes the pool with it.
Decision give_up_pool(const View& view, const std::string& pool, const std::string& node);

// The host is no member any more; the last one takes a network with it that is being removed.
Decision give_up_network(const View& view, const std::string& network, const std::string& node);

// The network itself, with everything that its name and number stand for.
void erase_network(Decision& decision, const Layout& layout, const SharedNetwork& network);

// Does what `plan` says, in as few transactions as etcd allows, and asks it again, until it says
// nothing. Errors: those of `plan`; unavailable.
using Plan = std::function<Result<std::vector<Decision>>()>;
Status do_all(etcd::Client& client, View& view, const Plan& plan);

}  // namespace fairlead::cluster
