// Rows and columns for people.
#pragma once

#include <string>
#include <vector>

namespace fairlead::cli {

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // each as long as the header
};

// Columns as wide as they must be, three blanks between them, none at the end of a line.
std::string render(const Table& table);

}  // namespace fairlead::cli
