// Open files that travel with bytes over a unix socket (SCM_RIGHTS, unix(7)). Internal to this
// folder.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "http/message.h"

namespace fairlead::http {

// `bytes`, one at least, with the files; all of them, or an error. `socket` may be non-blocking: a
// byte fits into a fresh connection. Errors: unavailable, invalid_argument (more than kMostFiles).
Status send_with_files(int socket, const std::string& bytes, const std::vector<File>& files);

// What came with the next byte that is to be read, which stays unread. The copies are the caller's,
// closed on exec. Nothing: none did, or there is no byte.
std::vector<File> files_at_next_byte(int socket);

// Another descriptor of the same open file; null: none is to be had.
File copy_of(int file);

}  // namespace fairlead::http
