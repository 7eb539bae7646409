#pragma once
/// What a Network holds in device memory; the trainer works on it directly.

#include <memory>
#include <vector>

#include "device_array.hpp"
#include "program.hpp"
#include "reconlaw/gpu/network.hpp"

namespace reconlaw::gpu {

template <class T>
struct Network<T>::Internals {
    Internals(const Architecture& a, const BatchShape& s, const NetworkOptions& o);

    void allocate();
    /// After the parameters have changed.
    void refresh() { program->set_weights(parameters.data()); }
    /// Of what is in the input and target tensors.
    void forward() { program->forward(parameters.data()); }
    double loss_and_gradient();
    View<T> target() const;
    /// Elements of the arrays that the loss function needs.
    struct LossSizes {
        std::ptrdiff_t targets = 0, row_sums = 0, range = 0, maps = 0;
    };
    LossSizes loss_sizes() const;
    MemoryPlan plan() const;

    Architecture architecture;
    BatchShape shape;
    NetworkOptions options;
    std::vector<Parameter> list;
    std::unique_ptr<Program<T>> program;
    DeviceArray<T> parameters, gradient, targets, range, maps;
    DeviceArray<double> row_sums;
    std::vector<T> equal_range;  ///< on the host: the same range for every image
};

}  // namespace reconlaw::gpu
