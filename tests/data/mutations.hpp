#pragma once
/// Damaged copies of valid bytes. A parser may refuse them with a FileError or accept them; anything else
/// (another exception, a crash, a sanitizer report) fails the test.

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "reconlaw/data/bytes.hpp"
#include "reconlaw/data/file_error.hpp"

namespace reconlaw::data::testing {

/// The message, or "" where nothing was thrown.
template <class Call>
std::string file_error_of(Call call) {
    try {
        call();
    } catch (const FileError& error) {
        return error.what();
    }
    return "";
}

inline bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Every truncation (or about 500 of them) must be refused.
template <class Parse>
void check_truncations_refused(const Bytes& valid, Parse parse) {
    const std::size_t stride = std::max<std::size_t>(1, valid.size() / 500);
    for (std::size_t back = 1; back <= valid.size(); back += back < 32 ? 1 : stride) {
        const std::size_t length = valid.size() - back;
        INFO("truncated to ", length, " of ", valid.size(), " bytes");
        CHECK(file_error_of([&] { parse(ByteView(valid).first(length)); }) != "");
    }
}

/// `count` copies with one to four random bytes replaced. @return how many were refused
template <class Parse>
int count_refused_mutations(const Bytes& valid, Parse parse, int count, unsigned seed = 1) {
    std::mt19937 random(seed);
    int refused = 0;
    for (int i = 0; i < count; ++i) {
        Bytes damaged = valid;
        for (unsigned changes = 1 + random() % 4; changes-- > 0;)
            damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
        if (file_error_of([&] { parse(ByteView(damaged)); }) != "") ++refused;
    }
    return refused;
}

}  // namespace reconlaw::data::testing
