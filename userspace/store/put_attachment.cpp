#include "store/rows.h"

namespace fairlead::store {

namespace {

constexpr std::string_view kInsertWord = "INSERT INTO attachment_word VALUES (?, ?, ?, ?, ?)";

Status put_words(Statements& statements, const std::string& endpoint,
                 const Attachment& attachment) {
  std::int64_t position = 0;
  Status done;
  for (const std::string& alias : attachment.aliases)
    if (done)
      done = run(statements, kInsertWord, endpoint, position++, std::string("alias"), alias,
                 std::string());
  for (const auto& [name, value] : attachment.labels)
    if (done)
      done = run(statements, kInsertWord, endpoint, position++, std::string("label"), name, value);
  for (const ContainerRoute& route : attachment.routes)
    if (done)
      done = run(statements, kInsertWord, endpoint, position++, std::string("route"),
                 route.to.to_string(), route.via ? route.via->to_string() : std::string());
  return done;
}

}  // namespace

Status put_attachment(Statements& statements, const std::string& endpoint,
                      const std::optional<Attachment>& attachment) {
  auto done = erase_attachment(statements, endpoint);
  if (!done || !attachment) return done;
  done = run(statements, "INSERT INTO attachment VALUES (?, ?, ?, ?, ?, ?)", endpoint,
             attachment->config, attachment->container, attachment->interface, attachment->name,
             std::int64_t{attachment->holds_ports ? 1 : 0});
  return done ? put_words(statements, endpoint, *attachment) : done;
}

Status erase_attachment(Statements& statements, const std::string& endpoint) {
  auto done = run(statements, "DELETE FROM attachment_word WHERE endpoint = ?", endpoint);
  return done ? run(statements, "DELETE FROM attachment WHERE endpoint = ?", endpoint) : done;
}

}  // namespace fairlead::store
