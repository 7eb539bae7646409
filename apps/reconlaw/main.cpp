#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>

#include "commands.hpp"
#include "interrupt.hpp"
#include "waiting.hpp"

int main(int argc, char** argv) {
    using namespace reconlaw::cli;
    if (computes_networks(argc, argv)) wait_briefly(argv);
    prepare_output();
    const char* terminal = std::getenv("TERM");
    const bool moves =
        isatty(STDERR_FILENO) == 1 && terminal && *terminal && std::string_view(terminal) != "dumb";
    winsize size{};
    const bool has_size = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    // what a person reads holds no orders to the terminal; files and pipes get every byte
    std::optional<PrintableStream> printable;
    if (isatty(STDOUT_FILENO) == 1) printable.emplace(std::cout);
    return run(argc, argv,
               {printable ? printable->stream() : std::cout, std::cerr, moves, has_size ? size.ws_col : 80});
}
