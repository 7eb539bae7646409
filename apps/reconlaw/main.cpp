#include <unistd.h>

#include <iostream>

#include "commands.hpp"

int main(int argc, char** argv) {
    return reconlaw::cli::run(argc, argv, {std::cout, std::cerr, isatty(STDERR_FILENO) == 1});
}
