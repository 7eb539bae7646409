#include <reconlaw/reconlaw.hpp>

double floor_of_other_file() {
    return reconlaw::subspace_problem(100, 10, 0.5).floor;
}
