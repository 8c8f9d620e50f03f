#include "netlink/fq.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "netlink/connection.h"
#include "netlink/message.h"

namespace fairlead::netlink {

namespace {

// 64 queues of flows: the device is one container's.
constexpr std::uint32_t kBucketsLog = 6;

}  // namespace

Result<bool> put_fq(int link) {
  const std::string what = "fq qdisc of device " + std::to_string(link);
  auto connection = Connection::open();
  if (!connection) return fail(std::move(connection).error(), what);
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = link;
  header.tcm_parent = TC_H_ROOT;
  Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, header);
  message.put_string(TCA_KIND, "fq");
  message.nest(TCA_OPTIONS, [&] {
    message.put_u32(TCA_FQ_PLIMIT, kFqPackets);
    message.put_u32(TCA_FQ_FLOW_PLIMIT, kFqPackets);  // one flow may be all there is
    message.put_u32(TCA_FQ_BUCKETS_LOG, kBucketsLog);
    message.put_u32(TCA_FQ_RATE_ENABLE, 0);  // departure times only, no pacing of sockets
  });
  std::string text;
  auto sys_errno = connection->ask(message, what, &text);
  if (!sys_errno) return std::unexpected(std::move(sys_errno).error());
  if (*sys_errno == 0) return true;
  if (*sys_errno == ENOENT || *sys_errno == EOPNOTSUPP) return false;
  return fail(fail_errno("", *sys_errno).error().code(), std::move(text));
}

}  // namespace fairlead::netlink
