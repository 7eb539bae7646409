#pragma once
/// The networks of architecture.hpp as graphs of operations.

#include "graph.hpp"
#include "reconlaw/gpu/architecture.hpp"

namespace reconlaw::gpu {

struct InputAndOutput {
    Value input, output;
};

template <class T>
InputAndOutput build_network(Graph<T>& graph, const Architecture& architecture, int height, int width);

}  // namespace reconlaw::gpu
