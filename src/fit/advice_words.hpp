#pragma once
/// Advice as sentences.

#include <string>

#include "reconlaw/fit/advice.hpp"

namespace reconlaw::fit::advice_detail {

/// Three significant digits, whole numbers up to a million in full.
std::string number(double value);

/// Fills verdict, next_step and the notes on what the points do not determine.
void put_into_words(Advice& advice, const AdviceOptions& options);

}  // namespace reconlaw::fit::advice_detail
