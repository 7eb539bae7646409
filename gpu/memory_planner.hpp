#pragma once
/// Packs blocks of memory that are needed at different times into one arena.

#include <cstddef>
#include <vector>

namespace reconlaw::gpu {

class MemoryPlanner {
  public:
    /// A block of so many bytes that nothing uses yet. @return its number
    int add(std::size_t bytes);
    /// The block holds something at this time.
    void use(int block, int time);
    /// Chooses the offsets: the largest blocks first, each at the lowest place that is free all its life.
    void pack();

    std::size_t offset(int block) const { return blocks_[static_cast<std::size_t>(block)].offset; }
    std::size_t bytes() const { return bytes_; }
    /// The largest sum of the blocks alive at one time.
    std::size_t minimum() const { return minimum_; }

  private:
    struct Block {
        std::size_t bytes = 0, offset = 0;
        int first = -1, last = -1;
        bool meets(const Block& other) const { return first <= other.last && other.first <= last; }
    };
    std::vector<Block> blocks_;
    std::size_t bytes_ = 0, minimum_ = 0;
};

}  // namespace reconlaw::gpu
