#pragma once
/// The core of reconlaw: problem -> estimator -> risk, and the simulation that checks it.

#include "reconlaw/estimator/residual_filter.hpp"
#include "reconlaw/problem/linear_gaussian.hpp"
#include "reconlaw/problem/measurement_model.hpp"
#include "reconlaw/problem/subspace.hpp"
