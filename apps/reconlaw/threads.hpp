#pragma once
/// How many threads may be asked for.

namespace reconlaw::cli {

constexpr int most_threads = 4096;

/// Whether the system starts so many threads: beyond the number of processors it is tried, for an OpenMP
/// runtime that fails to start one ends the program. @param count  0: all processors
/// @throws std::invalid_argument  naming --threads and how many were started
void require_threads(int count);

}  // namespace reconlaw::cli
