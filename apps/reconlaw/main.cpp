#include <unistd.h>

#include <iostream>

#include "commands.hpp"
#include "waiting.hpp"

int main(int argc, char** argv) {
    if (reconlaw::cli::computes_networks(argc, argv)) reconlaw::cli::wait_briefly(argv);
    return reconlaw::cli::run(argc, argv, {std::cout, std::cerr, isatty(STDERR_FILENO) == 1});
}
