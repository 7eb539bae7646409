#pragma once
/// What every risk prediction takes and returns.

#include <string_view>

namespace reconlaw {

/// Order in 1/N of the prediction.
enum class Order {
    limit,     ///< deterministic equivalent: N and p large
    corrected  ///< with the first finite-size correction for real Gaussian data (docs/theory, section 4)
};

enum class RiskStatus {
    converged,      ///< the numerical error is within the tolerance
    limit_only,     ///< converged, but the correction does not exist here; the value is the limit
    infinite,       ///< the expectation is infinite (least squares at N = p - 1, p, p + 1)
    not_converged,  ///< the tolerance was not reached with the allowed number of nodes; see `error`
};

inline std::string_view to_string(RiskStatus status) {
    switch (status) {
        case RiskStatus::converged:
            return "converged";
        case RiskStatus::limit_only:
            return "limit only";
        case RiskStatus::infinite:
            return "infinite";
        case RiskStatus::not_converged:
            return "not converged";
    }
    return "unknown";
}

struct RiskOptions {
    Order order = Order::corrected;
    double tolerance = 1e-9;  ///< relative, on the total risk and on the training loss
    int max_nodes = 3000;     ///< quadrature nodes in the upper half plane, per contour
};

/// Expected test risk E|W y - x|^2 over noise, test pairs and training sets, split as risk = floor + variance
/// + bias, and expected training loss (1/N) E|W Y - X|^2, all summed over target coordinates.
template <class T = double>
struct [[nodiscard]] Risk {
    T floor{};
    T variance{};
    T bias{};
    T training_loss{};
    RiskStatus status = RiskStatus::not_converged;
    double error = 0.0;  ///< estimated relative numerical error of the total
    int nodes = 0;       ///< quadrature nodes used

    T total() const { return floor + variance + bias; }
    bool ok() const { return status == RiskStatus::converged || status == RiskStatus::limit_only; }
};

}  // namespace reconlaw
