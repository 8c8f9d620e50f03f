#include "api/attachment_routes.h"

#include "api/codec_attachments.h"
#include "engine/attachments.h"
#include "engine/detached.h"

namespace fairlead::api {

namespace {

int sandbox_of(const Context& context) {
  return context.request.files.empty() ? -1 : context.request.files.front()->get();
}

}  // namespace

Reply attach(const Context& context, const std::string& body) {
  auto want = parse_attach(body);
  if (!want) return std::unexpected(std::move(want).error());
  // What was detached while the daemon was away may be the same container, or have the address that
  // this one is to get.
  if (auto done = engine::replay_detached(context.engine); !done)
    return std::unexpected(std::move(done).error());
  want->sandbox_file = sandbox_of(context);
  const auto attached = engine::attach(context.engine, *want);
  if (!attached) return std::unexpected(attached.error());
  if (!http::has_hung_up(context.request)) return format_attached(*attached);
  // Its runtime has given up, and may never say so.
  (void)engine::detach(context.engine, {.config = want->attachment.config,
                                        .container = want->attachment.container,
                                        .interface = want->attachment.interface});
  return fail(Errc::unavailable, "the client has hung up: what it asked for was undone");
}

Reply detach(const Context& context, const std::string& body) {
  const auto which = parse_attachment_key(body);
  if (!which) return std::unexpected(which.error());
  if (auto done = engine::detach(context.engine, *which); !done)
    return std::unexpected(std::move(done).error());
  return format_detached();
}

Reply check_attachment(const Context& context, const std::string& body) {
  const auto which = parse_attachment_key(body);
  if (!which) return std::unexpected(which.error());
  const auto attached = engine::check_attachment(context.engine, *which, sandbox_of(context));
  if (!attached) return std::unexpected(attached.error());
  return format_attached(*attached);
}

Reply collect_attachments(const Context& context, const std::string& body) {
  const auto want = parse_collect(body);
  if (!want) return std::unexpected(want.error());
  return format_collected(engine::collect_attachments(context.engine, want->config, want->valid));
}

Reply attachments_ready(const Context& context, const std::string&) {
  return format_ready(context.engine.datapath.facts().problems);
}

}  // namespace fairlead::api
