#include <iostream>

#include "cli/command_line.h"

int main(int argc, char** argv) { return fairlead::cli::run(argc, argv, std::cout, std::cerr); }
