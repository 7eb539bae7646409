// A program that waits briefly as reconlaw does, and says what it was started with: for the test of
// waiting.hpp.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>

#include "waiting.hpp"

int main(int argc, char** argv) {
    std::fprintf(stderr, "started as %d\n", static_cast<int>(getpid()));
    reconlaw::cli::wait_briefly(argv);
    const auto variable = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string(value ? value : "not set");
    };
    std::cout << "GOMP_SPINCOUNT " << variable("GOMP_SPINCOUNT") << '\n';
    std::cout << "OMP_WAIT_POLICY " << variable("OMP_WAIT_POLICY") << '\n';
    for (int i = 0; i < argc; ++i) std::cout << "argument <" << argv[i] << ">\n";
    std::cout << "input " << std::string(std::istreambuf_iterator<char>(std::cin), {}) << '\n';
    return 7;
}
