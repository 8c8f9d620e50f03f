#include "cli/cni_commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>

#include "cli/ask.h"
#include "cli/command_line.h"

namespace fairlead::cli {

namespace {

// What a network may be called: the specification's rule, checked before a file has the name.
std::string check_name(const std::string& name) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  };
  const bool good =
      !name.empty() && is_plain(name.front()) && std::ranges::all_of(name, [&is_plain](char c) {
        return is_plain(c) || c == '_' || c == '.' || c == '-';
      });
  return good ? "" : "must begin with a letter or digit and have only these, '_', '.' and '-'";
}

void add_folders(CLI::App& command, CniOptions& options) {
  command.add_option("--dir", options.folders.configurations, "Where runtimes look for networks")
      ->capture_default_str();
  command.add_option("--bin-dir", options.folders.binaries,
                     "Where runtimes look for plugins; else where this distribution has them");
}

void add_name(CLI::App& command, CniOptions& options) {
  command.add_option("--name", options.wish.name, "What runtimes call the network")
      ->check(check_name)
      ->capture_default_str();
}

void add_install(CLI::App& cni, CniOptions& options) {
  CLI::App* command =
      cni.add_subcommand("install", "Let podman, containerd and other CNI runtimes use fairlead");
  add_name(*command, options);
  command->add_flag("--default", options.first,
                    "First of all networks: containerd and Kubernetes use that one");
  add_folders(*command, options);
  command->add_option("--binary", options.folders.binary,
                      "The plugin; else the one that was installed with this command");
  command->add_option("--network", options.wish.network,
                      "Network of fairlead, by name or id, also one of Docker; else as --name");
  command->add_option("--subnet", options.wish.subnet, "As 10.9.0.0/24; else chosen");
  command->add_option("--gateway", options.wish.gateway, "As 10.9.0.1; else the subnet's first");
  command->add_option("--range", options.wish.range, "Part of the subnet for containers");
  command->add_option("--ipv6-subnet", options.wish.ipv6_subnet, "As fd00:9::/64, or auto");
  command->add_option("--mtu", options.wish.mtu, "In bytes; else that of the way out");
  command->add_flag("--internal", options.wish.internal, "No way out, and none in");
  command->footer(
      "fairleadd must run: for older runtimes the file means that the network is ready.");
}

int report(const Result<std::vector<std::string>>& done, const char* what, std::ostream& out,
           std::ostream& err) {
  if (!done) {
    err << done.error().message() << "\n";
    return kWarning;
  }
  for (const std::string& path : *done) out << what << " " << path << "\n";
  return kOk;
}

int install(const CniOptions& options, const std::string& socket, std::ostream& out,
            std::ostream& err) {
  const auto body = ask(socket, {.method = "GET", .target = "/v1/attachments/ready"}, err);
  if (!body) return body.error();
  const auto unready = parse_unready(*body);
  if (!unready) {
    err << socket << ": " << unready.error().message() << "\n";
    return kWarning;
  }
  if (*unready) {
    err << "fairleadd cannot attach containers now: " << **unready << "\n";
    return kWarning;
  }
  return report(install_cni(options.folders, options.wish, options.first), "wrote", out, err);
}

int show_cni(const CniOptions& options, const std::string& output, std::ostream& out) {
  const CniView view = look_at_cni(options.folders);
  out << (output == "json" ? format_cni_json(view) : format_cni_text(view));
  return !view.files.empty() && view.binaries.empty() ? kWarning : kOk;
}

}  // namespace

void add_cni(CLI::App& app, CniOptions& options, std::string& output) {
  CLI::App* cni =
      app.add_subcommand("cni", "Networks for podman, containerd and other CNI runtimes");
  cni->require_subcommand(1);
  add_install(*cni, options);
  CLI::App* remove = cni->add_subcommand("uninstall", "Remove what install wrote");
  add_name(*remove, options);
  add_folders(*remove, options);
  remove->footer("Remove the network's containers first: runtimes need the plugin for that.");
  CLI::App* show = cni->add_subcommand("show", "Networks of fairlead that runtimes know");
  add_folders(*show, options);
  show->add_option("-o,--output", output, "How to print")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
}

int run_cni(const std::string& verb, const CniOptions& options, const std::string& socket,
            const std::string& output, std::ostream& out, std::ostream& err) {
  if (verb == "install") return install(options, socket, out, err);
  if (verb == "uninstall")
    return report(uninstall_cni(options.folders, options.wish.name), "removed", out, err);
  return show_cni(options, output, out);
}

}  // namespace fairlead::cli
