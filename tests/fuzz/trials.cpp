// Checkpoints of Monte Carlo runs.
#include <sstream>

#include "harness.hpp"
#include "reconlaw/simulate/checkpoint.hpp"

namespace reconlaw::fuzz {
namespace {

constexpr std::size_t trials = 5;
const char* const fingerprint = "n 10 seed 1";

}  // namespace

void read(data::ByteView bytes) {
    std::istringstream in{std::string(text_of(bytes))};
    try {
        const Checkpoint checkpoint = read_checkpoint(in, fingerprint, trials);
        expect(checkpoint.finished.size() == trials && checkpoint.intact_bytes <= bytes.size());
    } catch (const data::FileError&) {
        throw;  // not its kind of error
    } catch (const std::runtime_error&) {
    }
}

std::vector<data::Bytes> seeds() {
    std::ostringstream out;
    write_checkpoint_header(out, fingerprint);
    write_checkpoint_trial(out, 0, {1.5, -0.25});
    write_checkpoint_trial(out, 3, {1e300, 0, 7});
    return {bytes_of(out.str()), bytes_of(out.str() + "4 1 0x1p"), bytes_of(out.str().substr(0, 24) + '\n')};
}

}  // namespace reconlaw::fuzz
