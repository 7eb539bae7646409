// Runs a harness. With libFuzzer: fuzz_NAME FOLDER [options of libFuzzer]; the seeds are written to the
// FOLDER, which keeps what was found interesting. Without: fuzz_NAME SECONDS, or fuzz_NAME FILE... to read
// files again.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "harness.hpp"

#if RECONLAW_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    reconlaw::fuzz::read({bytes, size});
    return 0;
}

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
    if (*argc < 2 || !std::filesystem::is_directory((*argv)[1])) return 0;
    int number = 0;
    for (const reconlaw::data::Bytes& seed : reconlaw::fuzz::seeds())
        std::ofstream(std::filesystem::path((*argv)[1]) / ("seed" + std::to_string(number++)),
                      std::ios::binary)
            .write(reinterpret_cast<const char*>(seed.data()), static_cast<std::streamsize>(seed.size()));
    return 0;
}

#else

namespace {

using reconlaw::data::Bytes;

/// A few changes: bytes replaced, a part left out, doubled, or taken from another seed.
Bytes mutated(const std::vector<Bytes>& seeds, std::mt19937_64& random) {
    Bytes bytes = seeds[random() % seeds.size()];
    for (auto changes = 1 + random() % 4; changes-- > 0;) {
        const std::size_t at = random() % (bytes.size() + 1), length = random() % 16;
        const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
        const auto end = begin + static_cast<std::ptrdiff_t>(std::min(length, bytes.size() - at));
        const Bytes& other = seeds[random() % seeds.size()];
        switch (random() % 4) {
            case 0:
                if (at < bytes.size()) bytes[at] = static_cast<std::uint8_t>(random());
                break;
            case 1:
                bytes.erase(begin, end);
                break;
            case 2: {
                const Bytes part(begin, end);
                bytes.insert(begin, part.begin(), part.end());
                break;
            }
            default:
                if (at < other.size())
                    bytes.insert(begin, other.begin() + static_cast<std::ptrdiff_t>(at), other.end());
                break;
        }
    }
    return bytes;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && std::filesystem::exists(argv[1])) {
        for (int i = 1; i < argc; ++i) reconlaw::fuzz::read(reconlaw::data::read_file(argv[i]));
        return 0;
    }
    const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
    const std::vector<Bytes> seeds = reconlaw::fuzz::seeds();
    std::mt19937_64 random(1);
    std::uint64_t count = 0;
    for (const Bytes& seed : seeds) reconlaw::fuzz::read(seed);
    const auto start = std::chrono::steady_clock::now();
    for (; std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds; ++count)
        reconlaw::fuzz::read(mutated(seeds, random));
    std::cout << "stat::number_of_executed_units: " << count << '\n';
}

#endif
