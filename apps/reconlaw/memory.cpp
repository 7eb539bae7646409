#include "memory.hpp"

#include <unistd.h>

#include <stdexcept>

#include "printed.hpp"

namespace reconlaw::cli {
namespace {

std::string bytes_text(double bytes) {
    if (bytes < 1e9) return printed("%.3g MB", bytes / 1e6);
    return bytes < 1e15 ? printed("%.3g GB", bytes / 1e9) : printed("%.1e GB", bytes / 1e9);
}

}  // namespace

void require_memory(const std::string& what, double bytes) {
    const double have =
        static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    if (have > 0 && bytes > have)
        throw std::invalid_argument(what + " would need about " + bytes_text(bytes) + ", this machine has " +
                                    bytes_text(have));
}

}  // namespace reconlaw::cli
