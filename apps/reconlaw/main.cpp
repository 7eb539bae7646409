#include <unistd.h>

#include <iostream>

#include "commands.hpp"
#include "interrupt.hpp"

int main(int argc, char** argv) {
    reconlaw::cli::prepare_output();
    return reconlaw::cli::run(argc, argv, {std::cout, std::cerr, isatty(STDERR_FILENO) == 1});
}
