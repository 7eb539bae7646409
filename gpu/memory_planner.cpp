#include "memory_planner.hpp"

#include <algorithm>
#include <numeric>

namespace reconlaw::gpu {

int MemoryPlanner::add(std::size_t bytes) {
    blocks_.push_back({(bytes + 63) / 64 * 64});
    return static_cast<int>(blocks_.size()) - 1;
}

void MemoryPlanner::use(int block, int time) {
    Block& b = blocks_[static_cast<std::size_t>(block)];
    b.first = b.first < 0 ? time : std::min(b.first, time);
    b.last = std::max(b.last, time);
}

void MemoryPlanner::pack() {
    std::vector<std::size_t> order(blocks_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return blocks_[a].bytes > blocks_[b].bytes; });
    std::vector<const Block*> placed;  // by offset
    int last = 0;
    bytes_ = 0;
    for (const std::size_t i : order) {
        Block& block = blocks_[i];
        if (block.first < 0) continue;
        last = std::max(last, block.last);
        block.offset = 0;
        for (const Block* other : placed)
            if (block.meets(*other) && block.offset < other->offset + other->bytes &&
                other->offset < block.offset + block.bytes)
                block.offset = other->offset + other->bytes;
        placed.insert(std::upper_bound(placed.begin(), placed.end(), &block,
                                       [](const Block* a, const Block* b) { return a->offset < b->offset; }),
                      &block);
        bytes_ = std::max(bytes_, block.offset + block.bytes);
    }
    std::vector<std::size_t> alive(static_cast<std::size_t>(last) + 1);
    for (const Block& b : blocks_)
        for (int t = b.first; b.first >= 0 && t <= b.last; ++t) alive[static_cast<std::size_t>(t)] += b.bytes;
    minimum_ = *std::max_element(alive.begin(), alive.end());
}

}  // namespace reconlaw::gpu
