#include "memory_planner.hpp"

#include <doctest/doctest.h>

#include <random>

using reconlaw::gpu::MemoryPlanner;

namespace {

struct Block {
    std::size_t bytes;
    int first, last;
};

MemoryPlanner planned(const std::vector<Block>& blocks) {
    MemoryPlanner planner;
    for (const Block& b : blocks) {
        const int number = planner.add(b.bytes);
        planner.use(number, b.last);  // in any order
        planner.use(number, b.first);
    }
    planner.pack();
    return planner;
}

}  // namespace

TEST_CASE("blocks whose lives do not meet share memory") {
    const MemoryPlanner chain = planned({{640, 0, 1}, {640, 1, 2}, {640, 2, 3}, {640, 3, 4}});
    CHECK(chain.bytes() == 1280);
    CHECK(chain.minimum() == 1280);
    CHECK(chain.offset(0) == chain.offset(2));
    CHECK(chain.offset(1) == chain.offset(3));

    // a small block that lives long does not split the room of the large ones
    const MemoryPlanner around = planned({{64, 0, 9}, {6400, 0, 3}, {6400, 4, 6}, {6400, 7, 9}});
    CHECK(around.bytes() == 6464);
    CHECK(around.minimum() == 6464);
}

TEST_CASE("blocks are rounded up to 64 bytes, and one that nothing uses takes no memory") {
    MemoryPlanner planner;
    const int used = planner.add(1);
    planner.add(1 << 20);
    const int next = planner.add(65);
    planner.use(used, 3), planner.use(next, 3);
    planner.pack();
    CHECK(planner.bytes() == 192);
    CHECK(planner.minimum() == 192);
    CHECK(planner.offset(used) % 64 == 0);
    CHECK(planner.offset(next) % 64 == 0);
}

TEST_CASE("no two blocks overlap while both are alive") {
    std::mt19937 random(1);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (int trial = 0; trial < 200; ++trial) {
        std::vector<Block> blocks;
        for (int i = 0; i < 30; ++i) {
            const int first = below(20);
            blocks.push_back({static_cast<std::size_t>(1 + below(5000)), first, first + below(8)});
        }
        const MemoryPlanner planner = planned(blocks);
        std::size_t end = 0, most = 0;
        for (int i = 0; i < 30; ++i) {
            const Block& a = blocks[static_cast<std::size_t>(i)];
            const std::size_t size = (a.bytes + 63) / 64 * 64, begin = planner.offset(i);
            end = std::max(end, begin + size);
            for (int j = 0; j < i; ++j) {
                const Block& b = blocks[static_cast<std::size_t>(j)];
                const bool apart = begin + size <= planner.offset(j) ||
                                   planner.offset(j) + (b.bytes + 63) / 64 * 64 <= begin;
                REQUIRE((apart || a.last < b.first || b.last < a.first));
            }
        }
        for (int time = 0; time < 28; ++time) {
            std::size_t alive = 0;
            for (const Block& b : blocks)
                if (b.first <= time && time <= b.last) alive += (b.bytes + 63) / 64 * 64;
            most = std::max(most, alive);
        }
        CHECK(planner.bytes() == end);
        CHECK(planner.minimum() == most);
        CHECK(planner.bytes() >= planner.minimum());
        CHECK(planner.bytes() <= 1.4 * static_cast<double>(planner.minimum()));  // at most 1.28 on these
    }
}
