#include "advice_words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <tuple>

namespace reconlaw::fit::advice_detail {

namespace {

std::string printed(const char* format, double value) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, format, value);
    return buffer;
}

std::string percent(double part) {
    const double value = 100 * part;
    return printed(std::abs(value) < 9.95 ? "%.1f" : "%.0f", value == 0 ? 0.0 : value) + " %";
}

/// "by 12 % (8.1 % to 15 %)", or in dB.
std::string fall(const ExpectedGain& gain, const AdviceOptions& options) {
    if (options.metric == Metric::psnr)
        return "raises the PSNR by " + printed("%.2f", gain.decibels.value) + " dB (" +
               printed("%.2f", gain.decibels.lower) + " to " + printed("%.2f", gain.decibels.upper) + ")";
    const std::string what =
        larger_is_better(options.metric) ? loss_label(options.metric) : std::string("the loss");
    return "lowers " + what + " by " + percent(1 - gain.ratio.value) + " (" + percent(1 - gain.ratio.upper) +
           " to " + percent(1 - gain.ratio.lower) + ")";
}

std::string sentence(const std::string& subject, const Direction& direction, const std::string& action,
                     const AdviceOptions& options) {
    std::string text = subject + ": " + to_string(direction.verdict);
    if (!direction.known) return text + "; " + direction.reason + ".";
    return text + "; " + action + " " + fall(direction.gains[1], options) + ".";
}

std::string factor(double value) {
    return number(value) + "x";
}

std::string not_identifiable(const Estimate& floor, double now, Metric metric) {
    const bool none = floor.lower < 1e-3 * now;  // power laws without a floor are among the curves
    const auto shown = [&](double loss) { return number(from_loss(metric, loss)); };
    if (metric == Metric::psnr)
        return "the limit of the PSNR is not identifiable: anything from " + shown(floor.upper) +
               (none ? " dB upward" : " to " + shown(floor.lower) + " dB") + " (now " + shown(now) + ")";
    const double lowest = none ? 0 : floor.lower;
    const bool reversed = larger_is_better(metric);
    return (reversed ? "the limit of the " + label(metric) : std::string("the floor")) +
           " is not identifiable: anything from " + shown(reversed ? floor.upper : lowest) + " to " +
           shown(reversed ? lowest : floor.upper) + " (now " + shown(now) + ")";
}

}  // namespace

std::string number(double value) {
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    if (value == std::round(value) && std::abs(value) < 1e6) return printed("%.0f", value);
    return printed("%.3g", value);
}

void put_into_words(Advice& a, const AdviceOptions& options) {
    const std::string more = factor(options.data_factors[1]) + " the data",
                      larger = factor(options.network_factors[1]) + " the network";
    a.verdict = sentence("More data", a.data, more, options) + "\n" +
                sentence("A larger network", a.larger, larger, options);
    if (a.both.known) a.verdict += "\n" + sentence("Both", a.both, more + " with " + larger, options);

    if (a.next >= 0) {
        const Experiment& e = a.experiments[static_cast<std::size_t>(a.next)];
        std::string place = options.data_name + " = " + number(e.size);
        if (!options.network_name.empty()) place += ", " + options.network_name + " = " + number(e.network);
        a.next_step = (e.runs > 1 ? "Repeat " + place + " with " + std::to_string(e.runs) + " new seeds"
                                  : "Measure " + place);
        if (a.decisive.empty())
            a.next_step += ": " + e.purpose + " would show whether it matters.";
        else if (e.decides >= 0.5)
            a.next_step += " (" + e.purpose + "): it would settle the question of " +
                           (a.decisive == "network" ? "network size" : a.decisive) + " with a chance of " +
                           percent(e.decides) + ".";
        else
            a.next_step += " (" + e.purpose + "): the largest reduction of the interval for its cost, to " +
                           percent(e.width) + " of its width; it may not settle the question alone.";
    } else if (!a.decisive.empty()) {
        a.next_step = "No single experiment among those considered would narrow the interval much.";
    } else if (a.data.known || a.larger.known) {
        a.next_step = a.both.known
                          ? "None is needed: the points answer the question."
                          : std::string("None is needed for ") +
                                (a.data.known ? "the question of data." : "the question of network size.");
    } else if (a.curve.points() < 5) {
        a.next_step = "Measure more training sizes: at least five, over a factor of ten or more.";
    } else {
        a.next_step = "Check the loss column before anything else.";
    }

    for (const auto& [direction, values, name] :
         {std::tuple{&a.data, &a.curve.size, options.data_name},
          std::tuple{&a.larger, &a.curve.network, options.network_name}})
        if (direction->known && distinct(*values).size() == 2)
            a.notes.push_back("only two different " + name +
                              ": how the loss goes on with it rests on what exponents usually are");
    for (const LawShare& law : a.laws)
        if (law.weight >= 0.05 && !law.message.empty())
            a.notes.push_back(law.law + " law (weight " + percent(law.weight) + "): " + law.message);
    if (a.possible.count > 0) {
        Estimate floor = a.possible.loss_at(a.data.known ? 1e9 * a.size : a.size,
                                            a.larger.known ? 1e9 * a.network : a.network, options.level);
        floor.upper = std::min(floor.upper, a.loss.value);  // a floor is not above what was reached
        if (floor.lower < 0.5 * floor.upper && floor.lower < 0.5 * a.loss.value)
            a.notes.push_back(not_identifiable(floor, a.loss.value, options.metric));
        if (a.possible.widening > 1)
            a.notes.push_back("intervals are widened " + printed("%.2g", a.possible.widening) +
                              " times: held-back points needed it");
    }
}

}  // namespace reconlaw::fit::advice_detail
