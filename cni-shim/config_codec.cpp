// Of the configuration, what every verb needs, and what GC does.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/quote.h"
#include "cni-shim/config.h"
#include "cni-shim/fields_codec.h"

namespace fairlead::cni {

namespace {

using nlohmann::json;

constexpr const char* kSocket = "/run/fairlead/fairlead.sock";
constexpr const char* kStateDir = "/var/lib/fairlead";

// Index in kVersions from which on there is the verb.
std::ptrdiff_t since(Verb verb) {
  switch (verb) {
    case Verb::check:
      return 1;
    case Verb::gc:
    case Verb::status:
      return 3;
    default:
      return 0;
  }
}

Outcome<void> check_version(const std::string& version, Verb verb) {
  const auto* found = std::ranges::find(kVersions, version);
  if (found == kVersions.end())
    return refuse(Code::version, "cniVersion is " +
                                     (version.empty() ? "missing" : fairlead::quoted(version)) +
                                     ": fairlead-cni speaks 0.3.1, 0.4.0, 1.0.0 and 1.1.0");
  if (found - kVersions.begin() < since(verb))
    return refuse(Code::version, "cniVersion " + version + " does not have this command; " +
                                     std::string(kVersions[static_cast<std::size_t>(since(verb))]) +
                                     " is the first that does");
  return {};
}

std::string first_of(const std::string& one, const std::string& other, const char* otherwise) {
  if (!one.empty()) return one;
  return other.empty() ? otherwise : other;
}

// libcni has always said valid-attachments, the first text of the specification attachments.
const json* valid_list(const json& document) {
  for (const char* name : {"cni.dev/valid-attachments", "cni.dev/attachments"})
    if (const auto found = document.find(name); found != document.end() && !found->is_null())
      return &*found;
  return nullptr;
}

}  // namespace

Outcome<Config> parse_config(std::string_view text, Verb verb, const Variables& variables) {
  const auto document = parse_object(text, "the network configuration");
  if (!document) return std::unexpected(document.error());
  std::optional<Failure> problem;
  const Fields fields(&*document, "", problem);
  Config out{
      .text = std::string(text),
      .version = fields.string("cniVersion"),
      .name = fields.string("name"),
      .socket = first_of(fields.string("socket"), value_of(variables, "FAIRLEAD_SOCKET"), kSocket),
      .state_dir = first_of(fields.string("state_dir"), value_of(variables, "FAIRLEAD_STATE_DIR"),
                            kStateDir),
      .ipam = fields.object("ipam").string("type")};
  if (problem) return std::unexpected(*std::move(problem));
  if (auto done = check_version(out.version, verb); !done) return pass(std::move(done));
  if (out.name.empty()) return refuse(Code::config, "the network configuration has no name");
  if (!is_identifier(out.name))
    return refuse(Code::config, "name is " + fairlead::quoted(out.name) +
                                    ": it must begin with a letter or digit and have only these, "
                                    "'_', '.' and '-'");
  if (out.ipam == "fairlead") out.ipam.clear();
  // As in the search path of a shell: no way out of the folders of CNI_PATH.
  if (out.ipam.find('/') != std::string::npos || out.ipam == "." || out.ipam == "..")
    return refuse(Code::config, "ipam.type is " + fairlead::quoted(out.ipam) +
                                    ": it must be the name of a plugin in CNI_PATH");
  return out;
}

std::string answer_version(std::string_view text) {
  std::string newest(kVersions.back());
  const auto document = parse_object(text, "");
  if (!document) return newest;
  std::optional<Failure> problem;
  std::string said = Fields(&*document, "", problem).string("cniVersion");
  return std::ranges::find(kVersions, said) == kVersions.end() ? newest : said;
}

Outcome<std::vector<AttachmentKey>> parse_valid_attachments(const Config& config) {
  const auto document = parse_object(config.text, "the network configuration");
  if (!document) return std::unexpected(document.error());
  const json* list = valid_list(*document);
  // Nothing said is not the same as nothing valid: that would remove every attachment.
  if (list == nullptr)
    return refuse(Code::config,
                  "the network configuration has no cni.dev/valid-attachments: GC "
                  "needs the list of what is to stay");
  std::optional<Failure> problem;
  const json wrapped = {{"cni.dev/valid-attachments", *list}};
  std::vector<AttachmentKey> out;
  for (const Fields& each :
       Fields(&wrapped, "", problem, Fields::Case::any).objects("cni.dev/valid-attachments"))
    out.push_back({.config = config.name,
                   .container = each.string("containerID"),
                   .interface = each.string("ifname")});
  if (problem) return std::unexpected(*std::move(problem));
  return out;
}

}  // namespace fairlead::cni
