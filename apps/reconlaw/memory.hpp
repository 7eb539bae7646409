#pragma once
/// Whether what is asked for fits into the machine, said before it is tried.

#include <string>

namespace reconlaw::cli {

/// @param what   needs the memory, the subject of the message: "--trials: 4000000000 trials"
/// @throws std::invalid_argument  "WHAT: would need about 300 GB, this machine has 16 GB"
void require_memory(const std::string& what, double bytes);

}  // namespace reconlaw::cli
