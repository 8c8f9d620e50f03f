#include "cli/port_commands.h"

#include <CLI/CLI.hpp>
#include <ostream>

#include "cli/ask.h"
#include "cli/codec.h"
#include "cli/codec_ports.h"

namespace fairlead::cli {

namespace {

struct Verb {
  const char* name;
  const char* help;
  const char* sources;  // help of the list; null: there is none
};

constexpr Verb kVerbs[] = {
    {"allow", "Let sources reach a published port; without any: everyone",
     "Who may, besides those who may already: 10.0.0.0/8, 2001:db8::/32, 192.0.2.7"},
    {"deny", "Keep sources from a published port; without any: everybody",
     "Who may not; of longer and shorter prefixes the longest decides"},
    {"reset", "Forget what was allowed and denied: options and fairlead.toml decide again",
     nullptr},
};

}  // namespace

void add_port_verbs(CLI::App& ports, PortOptions& options, std::string& output) {
  ports.require_subcommand(0, 1);
  for (const Verb& verb : kVerbs) {
    CLI::App* command = ports.add_subcommand(verb.name, verb.help);
    command
        ->add_option(
            "PORT", options.ports,
            "Of the host: [ADDRESS:]PORT[-LAST][/PROTOCOL], as 443, 53/udp, 20000-24999/udp, "
            "192.0.2.1:443, [2001:db8::1]:443")
        ->type_name("")
        ->required();
    if (verb.sources != nullptr)
      command->add_option("SOURCE", options.sources, verb.sources)
          ->type_name("...")
          ->delimiter(',');
    command->add_option("-o,--output", output, "How to print")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
    command->footer(
        "Counts from now on, for whoever publishes the port, until reset; flows that are not "
        "allowed "
        "any more end. The host's own processes always reach the port.");
  }
}

int run_ports(const std::string& verb, const PortOptions& options, const std::string& socket,
              const std::string& output, std::ostream& out, std::ostream& err) {
  const auto body = ask(socket,
                        {.method = "POST",
                         .target = "/v1/ports/" + verb,
                         .body = format_port_rules(options.ports, options.sources)},
                        err);
  if (!body) return body.error();
  const auto shown = output == "json" ? indent(*body)
                                      : format_document("ports", *body,
                                                        options.ports +
                                                            " is not published, and no rules are "
                                                            "set for it");
  if (!shown) {
    err << socket << ": " << shown.error().message() << "\n";
    return kWarning;
  }
  out << *shown;
  return kOk;
}

}  // namespace fairlead::cli
