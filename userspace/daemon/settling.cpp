#include "daemon/settling.h"

#include "base/log.h"

namespace fairlead::daemon {

Settling::Settling(datapath::Datapath& datapath, WorkQueue& queue, SettlingPace pace)
    : datapath_(datapath), queue_(queue), pace_(pace) {}

void Settling::update() {
  if (under_way_) return;
  under_way_ = true;
  step_in(pace_.first);
}

void Settling::stop() { delays_.close(); }

void Settling::step_in(std::chrono::milliseconds pause) {
  delays_.post(pause, [this] { queue_.post([this] { step(); }); });
}

void Settling::step() {
  const auto more = datapath_.settle_next();
  if (!more)  // its filter goes on working; the next one may fare better
    log::event(log::Level::info, "endpoint_not_settled", {{"error", more.error().message()}});
  under_way_ = more.value_or(true);
  if (under_way_) step_in(pace_.next);
}

}  // namespace fairlead::daemon
