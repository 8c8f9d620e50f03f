#include "cli/cluster_commands.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "cli/ask.h"

namespace fairlead::cli {

namespace {

struct Call {
  const ClusterOptions& options;
  const std::string& socket;
  const std::string& output;
  std::ostream& out;
  std::ostream& err;
};

// Asks for a change; the daemon answers with how this host stands afterwards.
std::expected<Belonging, ExitCode> change(const Call& call, const std::string& verb,
                                          std::string body) {
  const auto answer =
      ask(call.socket, {.method = "POST", .target = "/v1/cluster/" + verb, .body = std::move(body)},
          call.err);
  if (!answer) return std::unexpected(answer.error());
  auto belonging = parse_belonging(*answer);
  if (belonging) return std::move(*belonging);
  call.err << call.socket << ": " << belonging.error().message() << "\n";
  return std::unexpected(kWarning);
}

// The daemon has another working folder.
void make_absolute(std::optional<std::string>& path) {
  if (path && !path->empty()) path = std::filesystem::absolute(*path).lexically_normal().string();
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail_errno("read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad() || text.bad()) return fail_errno("read " + path);
  return std::move(text).str();
}

// Its first line, without the line's end.
Result<std::string> read_password(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text;
  text->erase(std::min(text->find_first_of("\r\n"), text->size()));
  if (text->empty()) return fail(Errc::invalid_argument, path + " holds no password");
  return text;
}

std::expected<JoinFlags, ExitCode> join_flags(const Call& call) {
  JoinFlags flags = call.options.join;
  for (auto* path : {&flags.ca, &flags.cert, &flags.key}) make_absolute(*path);
  if (call.options.password_file.empty()) return flags;
  auto password = read_password(call.options.password_file);
  if (!password) {
    call.err << password.error().message() << "\n";
    return std::unexpected(kWarning);
  }
  flags.password = std::move(*password);
  return flags;
}

int init(const Call& call) {
  const auto flags = join_flags(call);
  if (!flags) return flags.error();
  const auto now = change(call, "init", format_join(*flags));
  if (!now) return now.error();
  call.out << "Cluster " << now->cluster << " is made, and this host is " << now->node
           << " in it. On each other host: fairlead cluster join --etcd " << now->etcd
           << (now->cluster == "default" ? "" : " --name " + now->cluster) << "\n";
  return kOk;
}

int join(const Call& call) {
  const auto flags = join_flags(call);
  if (!flags) return flags.error();
  const auto now = change(call, "join", format_join(*flags));
  if (!now) return now.error();
  call.out << "This host is " << now->node << " in cluster " << now->cluster << ".\n";
  return kOk;
}

int leave(const Call& call) {
  const auto now = change(call, "leave", format_leave(call.options.force));
  if (!now) return now.error();
  call.out << "This host is in no cluster now.\n";
  if (now->configured)
    call.out << "Remove section [cluster] from fairlead.toml, or it is in one again at the next "
                "start of fairleadd.\n";
  return kOk;
}

int forget(const Call& call) {
  const auto now = change(call, "forget", format_forget(call.options.host, call.options.force));
  if (!now) return now.error();
  call.out << "Host " << call.options.host << " is forgotten: its addresses are free.\n";
  return kOk;
}

int accept(const Call& call) {
  const auto now = change(call, "accept", "{}");
  if (!now) return now.error();
  call.out << "The store in place is taken as right; what this host has is written into it.\n";
  return kOk;
}

int import_all(const Call& call) {
  auto text = read_file(call.options.file);
  if (!text) {
    call.err << text.error().message() << "\n";
    return kWarning;
  }
  const auto now = change(call, "import", std::move(*text));
  if (!now) return now.error();
  call.out << "The cluster of " << call.options.file
           << " is in the store. Look at it with fairlead cluster status; a host that reports an "
              "alarm takes it by fairlead cluster accept.\n";
  return kOk;
}

int export_all(const Call& call) {
  const auto body = ask(call.socket, {.method = "GET", .target = "/v1/cluster/export"}, call.err);
  if (!body) return body.error();
  call.out << *body << (body->ends_with('\n') ? "" : "\n");
  return kOk;
}

int status(const Call& call) {
  const auto body = show(call.socket, "cluster", "cluster", call.output, call.out, call.err);
  if (!body) return body.error();
  const auto belonging = parse_belonging(*body);
  return belonging && belonging->well ? kOk : kWarning;
}

struct Verb {
  const char* name;
  const char* help;
  int (*run)(const Call& call);
};

constexpr Verb kVerbs[] = {
    {"init", "Make a cluster in an etcd and be its first host", init},
    {"join", "Be a host of a cluster: share networks with its other hosts", join},
    {"leave", "Be in no cluster; the cluster's networks go, once no container uses them", leave},
    {"status", "Which cluster this host is in, and whether etcd answers", status},
    {"export", "Print everything the cluster knows, as JSON; works while etcd is away", export_all},
    {"import", "Write what export printed into an etcd that lost it", import_all},
    {"forget", "Take a host that is gone for good out of the cluster", forget},
    {"accept", "Say that the etcd in place is right: ends the alarm of a wiped or replaced one",
     accept},
};

void add_join_flags(CLI::App& command, ClusterOptions& options) {
  JoinFlags& join = options.join;
  command
      .add_option("--etcd", join.etcd,
                  "Endpoints of etcd, http://HOST:PORT or https://HOST:PORT, with commas between")
      ->delimiter(',')
      ->type_name("URL");
  command.add_option("--name", join.name, "The cluster's name: several can share an etcd")
      ->type_name("NAME");
  command.add_option("--node", join.node, "This host's name in it, which no other has")
      ->type_name("NAME");
  command.add_option("--ca", join.ca, "Certificate that etcd's is checked by (PEM)")
      ->type_name("FILE");
  command.add_option("--cert", join.cert, "Client certificate (PEM); with --key")
      ->type_name("FILE");
  command.add_option("--key", join.key, "Its private key (PEM)")->type_name("FILE");
  command
      .add_option("--user", join.user, "User of etcd's own authentication; with --password-file")
      ->type_name("NAME");
  command
      .add_option("--password-file", options.password_file, "File whose first line is the password")
      ->type_name("FILE");
  command.add_option("--port", join.port, "UDP port of the tunnels, the same on every host")
      ->check(CLI::Range(1, 65535))
      ->type_name("PORT");
  command
      .add_option("--underlay", join.underlay,
                  "This host's address for tunnels, one a family at most, with a comma between")
      ->delimiter(',')
      ->type_name("ADDRESS");
  command.add_flag("--no-mirror", join.no_mirror,
                   "Do not make the cluster's networks in this host's Docker engine");
  command.footer(
      "What no flag says is as in section [cluster] of fairlead.toml, or the default. The daemon "
      "remembers it across restarts, and reads the PEM files itself: as a service it sees none "
      "below "
      "/home, /root and /tmp.");
}

}  // namespace

void add_cluster(CLI::App& app, ClusterOptions& options, std::string& output) {
  CLI::App* cluster =
      app.add_subcommand("cluster", "Share networks with other hosts: make, join, leave, mend");
  cluster->require_subcommand(1);
  for (const Verb& verb : kVerbs) {
    CLI::App* command = cluster->add_subcommand(verb.name, verb.help);
    const std::string name = verb.name;
    if (name == "init" || name == "join") add_join_flags(*command, options);
    if (name == "status")
      command->add_option("-o,--output", output, "How to print")
          ->check(CLI::IsMember({"table", "json"}))
          ->capture_default_str();
    if (name == "import")
      command->add_option("FILE", options.file, "What export printed")->required();
    if (name == "forget")
      command->add_option("HOST", options.host, "Its name, as fairlead peers shows it")->required();
    if (name == "forget")
      command->add_flag("--force", options.force, "Though it is alive: its containers lose it all");
    if (name == "leave")
      command->add_flag("--force", options.force,
                        "Though containers use the cluster's networks: those stay as this host's "
                        "own until the containers end");
  }
}

int run_cluster(const std::string& verb, const ClusterOptions& options, const std::string& socket,
                const std::string& output, std::ostream& out, std::ostream& err) {
  const auto* found = std::ranges::find(kVerbs, verb, &Verb::name);
  return found->run(
      {.options = options, .socket = socket, .output = output, .out = out, .err = err});
}

}  // namespace fairlead::cli
