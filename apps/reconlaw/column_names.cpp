#include "column_names.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace reconlaw::cli {
namespace {

using namespace std::string_view_literals;

bool is_one_of(std::string_view name, const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The last part of "run-a - test/loss", which is how trackers of experiments name columns.
std::string_view last_part(std::string_view name) {
    if (const std::size_t run = name.rfind(" - "); run != std::string_view::npos) name.remove_prefix(run + 3);
    return name;
}

/// The measure in a name of a loss: "val_psnr_db" is "psnr"; empty if it is none.
std::string measure_of(const std::string& name) {
    if (name.find("__") != std::string::npos) return "";  // loss__MIN, loss__STEP beside an exported loss
    std::string plain = plain_name(std::string(last_part(name)));
    std::string_view rest = plain;
    bool held_out = false;
    for (const std::string_view set :
         {"validation"sv, "valid"sv, "val"sv, "test"sv, "eval"sv, "holdout"sv, "heldout"sv}) {
        if (!rest.starts_with(set) || rest.size() == set.size()) continue;
        rest.remove_prefix(set.size()), held_out = true;
        break;
    }
    for (const std::string_view end : {"mean"sv, "avg"sv, "db"sv})
        if (rest.ends_with(end) && rest.size() > end.size()) rest.remove_suffix(end.size());
    constexpr std::array measures{"loss"sv,      "mse"sv,  "psnr"sv,    "ssim"sv,        "accuracy"sv,
                                  "acc"sv,       "r2"sv,   "r2score"sv, "rsquared"sv,    "rmse"sv,
                                  "nmse"sv,      "mae"sv,  "nll"sv,     "perplexity"sv,  "crossentropy"sv,
                                  "errorrate"sv, "top1"sv, "top1acc"sv, "top1accuracy"sv};
    if (is_one_of(rest, measures) || (held_out && (rest == "error" || rest == "err")))
        return std::string(rest);
    return "";
}

}  // namespace

std::string plain_name(const std::string& name) {
    std::string plain;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z')
            plain += static_cast<char>(c - 'A' + 'a');
        else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80)
            plain += c;
    }
    return plain;
}

bool is_size_name(const std::string& name) {
    std::string plain = plain_name(std::string(last_part(name)));
    constexpr std::array names{"samples"sv,         "n"sv,           "ntrain"sv,       "numtrain"sv,
                               "traincount"sv,      "trainsize"sv,   "trainingsize"sv, "trainsetsize"sv,
                               "trainingsetsize"sv, "datasetsize"sv, "datasize"sv,     "samplesize"sv,
                               "samplecount"sv,     "ndata"sv,       "numdata"sv,      "trainset"sv,
                               "trainingset"sv};
    if (is_one_of(std::string_view(plain), names)) return true;
    // [num | n | number of] [train | training | seen] what [seen | count]
    std::string_view rest = plain;
    const auto take = [&](std::string_view word) {
        if (rest.starts_with(word) && rest.size() > word.size()) rest.remove_prefix(word.size());
    };
    take("numberof"), take("num"), take("nof");
    if (rest.starts_with('n')) take("n");
    take("training"), take("train"), take("seen");
    for (const std::string_view end : {"seen"sv, "count"sv})
        if (rest.ends_with(end) && rest.size() > end.size()) rest.remove_suffix(end.size());
    constexpr std::array what{"samples"sv, "examples"sv, "images"sv, "patches"sv, "datapoints"sv, "tokens"sv,
                              "slices"sv,  "volumes"sv,  "points"sv, "items"sv,   "instances"sv};
    return is_one_of(rest, what) &&
           (rest != plain || (rest != "points" && rest != "items" && rest != "instances"));
}

bool is_loss_name(const std::string& name) {
    return !measure_of(name).empty();
}

bool is_network_name(const std::string& name) {
    const std::string plain = plain_name(std::string(last_part(name)));
    constexpr std::array names{"channels"sv,   "parameters"sv,  "params"sv,        "nparams"sv,
                               "numparams"sv,  "nparameters"sv, "numparameters"sv, "parametercount"sv,
                               "paramcount"sv, "nchannels"sv,   "numchannels"sv,   "width"sv,
                               "modelsize"sv,  "networksize"sv, "numweights"sv};
    return is_one_of(std::string_view(plain), names);
}

bool is_seed_name(const std::string& name) {
    const std::string plain = plain_name(std::string(last_part(name)));
    constexpr std::array names{"seed"sv,   "randomseed"sv,   "rngseed"sv, "trial"sv,     "trials"sv,
                               "repeat"sv, "repetition"sv,   "rep"sv,     "replicate"sv, "run"sv,
                               "runid"sv,  "experimentid"sv, "fold"sv};
    return is_one_of(std::string_view(plain), names);
}

bool is_progress_name(const std::string& name) {
    const std::string plain = plain_name(std::string(last_part(name)));
    constexpr std::array names{"step"sv,   "steps"sv,     "globalstep"sv, "epoch"sv,
                               "epochs"sv, "iteration"sv, "iterations"sv, "iter"sv};
    return is_one_of(std::string_view(plain), names);
}

std::optional<fit::Metric> metric_in_name(const std::string& name) {
    const std::string plain = plain_name(std::string(last_part(name)));
    const std::string measure = measure_of(name);
    // a loss made of a similarity: ssim_loss, 1-ssim
    if (plain.ends_with("loss") || plain.starts_with("1") || plain.starts_with("oneminus"))
        return std::nullopt;
    const auto has = [&](std::string_view word) { return plain.find(word) != std::string::npos; };
    if (has("psnr")) return fit::Metric::psnr;
    if (has("ssim")) return fit::Metric::ssim;
    if (has("accuracy") || measure == "acc" || measure == "top1" || measure == "top1acc")
        return fit::Metric::accuracy;
    if (measure.starts_with("r2") || measure == "rsquared") return fit::Metric::r2;
    if (measure == "mse") return fit::Metric::mse;
    return std::nullopt;
}

}  // namespace reconlaw::cli
