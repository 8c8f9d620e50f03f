#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <ostream>

#include "cli/ask.h"
#include "cli/cluster_commands.h"
#include "cli/cni_commands.h"
#include "cli/codec.h"
#include "cli/port_commands.h"
#include "cli/teardown.h"
#include "http/client.h"

namespace fairlead::cli {

namespace {

constexpr std::chrono::seconds kVersionPatience{2};

struct Options {
  std::string socket = "/run/fairlead/fairlead.sock";
  std::string output = "table";
  TeardownRequest teardown{.api_socket = {},
                           .plugin_socket = "/run/docker/plugins/fairlead.sock",
                           .pin_dir = "/sys/fs/bpf/fairlead",
                           .state_dir = "/var/lib/fairlead",
                           .host_device = "fl_host"};
  bool all = false;
  ClusterOptions cluster;
  PortOptions ports;
  CniOptions cni;
};

// One subcommand that asks the daemon for /v1/NAME.
struct Noun {
  const char* name;
  const char* help;
};

constexpr Noun kNouns[] = {
    {"status", "Whether all is well: one line a subject"},
    {"networks", "Networks, their subnets and flags"},
    {"endpoints", "Containers' interfaces and addresses"},
    {"ports", "Published ports (docker port cannot show a plugin's) and who may reach them"},
    {"drops", "Dropped packets by network and reason, and what to do"},
    {"ipam", "Address pools and how full they are"},
    {"peers", "The cluster's other hosts, and the way of packets to each"},
};

int show_noun(const std::string& noun, const Options& options, std::ostream& out,
              std::ostream& err) {
  const auto body = show(options.socket, noun, noun, options.output, out, err);
  if (!body) return body.error();
  return noun == "status" && !is_well(*body) ? kWarning : kOk;
}

int show_version(const Options& options, std::ostream& out) {
  out << "fairlead " FAIRLEAD_VERSION "\n";
  const auto answer =
      http::call(options.socket, {.method = "GET", .target = "/v1/version"}, kVersionPatience);
  const auto daemon = answer ? format_document("version", answer->body)
                             : Result<std::string>(fail(answer.error(), "version"));
  out << (daemon ? *daemon : "fairleadd does not answer on " + options.socket + "\n");
  return kOk;
}

int tear_down(Options options, std::ostream& out, std::ostream& err) {
  if (!options.all) {
    err << "teardown removes every network of fairlead on this host: say --all to mean it\n";
    return kUsage;
  }
  options.teardown.api_socket = options.socket;
  const auto done =
      teardown(options.teardown, [&out](const std::string& line) { out << line << "\n"; });
  if (done) return kOk;
  err << done.error().message() << "\n";
  return kWarning;
}

void add_output(CLI::App& command, Options& options) {
  command.add_option("-o,--output", options.output, "How to print")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
}

void add_teardown(CLI::App& app, Options& options) {
  CLI::App* command = app.add_subcommand(
      "teardown", "Remove all networks, programs, maps and devices; needs no daemon");
  command->footer(
      "A host of a cluster stays in its store: run fairlead cluster leave before, or fairlead "
      "cluster forget on another host after.");
  command->add_flag("--all", options.all, "Required: there is no way back");
  command->add_flag("--dry-run", options.teardown.dry_run, "Only say what would be removed");
  command->add_option("--pin-dir", options.teardown.pin_dir, "Where programs and maps are pinned")
      ->capture_default_str();
  command->add_option("--plugin-socket", options.teardown.plugin_socket, "Socket that Docker calls")
      ->capture_default_str();
  command->add_option("--state-dir", options.teardown.state_dir, "Where the state file is")
      ->capture_default_str();
  command->add_option("--host-device", options.teardown.host_device, "Name of the host device")
      ->capture_default_str();
}

}  // namespace

int run(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  Options options;
  CLI::App app("See what fairlead does with containers' packets", "fairlead");
  app.footer(
      "Exit status: 0 well, 1 failed or (status) not well, 2 the daemon does not answer, 64 wrong "
      "arguments.");
  app.add_option("--socket", options.socket, "The daemon's API socket")
      ->envname("FAIRLEAD_SOCKET")
      ->capture_default_str();
  app.fallthrough();
  app.require_subcommand(1);
  for (const Noun& noun : kNouns) add_output(*app.add_subcommand(noun.name, noun.help), options);
  add_port_verbs(*app.get_subcommand("ports"), options.ports, options.output);
  add_cluster(app, options.cluster, options.output);
  add_cni(app, options.cni, options.output);
  app.add_subcommand("version", "Versions of this command and of the daemon");
  add_teardown(app, options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? kOk : kUsage;
  }

  const std::string name = app.get_subcommands().front()->get_name();
  if (name == "teardown") return tear_down(options, out, err);
  if (name == "version") return show_version(options, out);
  if (name == "cluster") {
    const std::string verb = app.get_subcommand(name)->get_subcommands().front()->get_name();
    return run_cluster(verb, options.cluster, options.socket, options.output, out, err);
  }
  if (name == "cni") {
    const std::string verb = app.get_subcommand(name)->get_subcommands().front()->get_name();
    return run_cni(verb, options.cni, options.socket, options.output, out, err);
  }
  if (const auto verbs = app.get_subcommand(name)->get_subcommands(); !verbs.empty())
    return run_ports(verbs.front()->get_name(), options.ports, options.socket, options.output, out,
                     err);
  return show_noun(name, options, out, err);
}

}  // namespace fairlead::cli
