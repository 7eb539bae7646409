#pragma once
/// Which libraries reconlaw::gpu runs with.

#include <string>
#include <utility>
#include <vector>

namespace reconlaw::gpu {

/// Thrust with its device system, and what computes convolutions with the instructions it uses:
/// {"Thrust", "1.17.2 (omp, 2 threads)"}, {"convolutions", "oneDNN 2.6.3 (AVX2)"}.
std::vector<std::pair<std::string, std::string>> libraries();

}  // namespace reconlaw::gpu
