#include "version.hpp"

#include <Eigen/Core>
#include <boost/version.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "reconlaw/data/libraries.hpp"
#include "reconlaw/fit/libraries.hpp"
#if RECONLAW_WITH_TRAINING
#include "reconlaw/gpu/libraries.hpp"
#endif
#if RECONLAW_WITH_MPI
#include <mpi.h>
#endif

namespace reconlaw::cli {
namespace {

using Facts = std::vector<std::pair<std::string, std::string>>;

void add_trainers(Facts& facts) {
#if RECONLAW_WITH_TRAINING
    for (const auto& fact : gpu::libraries()) facts.push_back(fact);
#else
    facts.emplace_back("trainers", "not in this build (RECONLAW_TRAIN=OFF)");
#endif
#if RECONLAW_WITH_MPI
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
    int length = 0;
    MPI_Get_library_version(text, &length);
    const std::string mpi(text, static_cast<std::size_t>(length));
    facts.emplace_back("MPI", mpi.substr(0, mpi.find_first_of(",\n")));
#else
    facts.emplace_back("MPI", "not in this build");
#endif
}

}  // namespace

std::string version() {
    return RECONLAW_VERSION;
}

std::string version_text() {
#ifdef __clang__
    const std::string compiler = __VERSION__;
#else
    const std::string compiler = "GCC " __VERSION__;
#endif
    Facts facts{
        {"compiler", compiler + ", C++" + std::to_string(__cplusplus / 100 % 100)},
        {"Eigen", std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
                      std::to_string(EIGEN_MINOR_VERSION) + " (" + Eigen::SimdInstructionSetsInUse() + ")"},
        {"Boost", std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000)},
        {"processors", std::to_string(std::thread::hardware_concurrency())}};
    add_trainers(facts);
    for (const auto& fact : fit::libraries()) facts.push_back(fact);
    for (const auto& fact : data::libraries()) facts.push_back(fact);
    std::string text = "reconlaw " + version() + "\n";
    for (const auto& [name, value] : facts)
        text += name + std::string(name.size() < 13 ? 14 - name.size() : 1, ' ') + value + "\n";
    return text;
}

}  // namespace reconlaw::cli
