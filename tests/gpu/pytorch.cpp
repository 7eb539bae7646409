// Against PyTorch: values of scripts/reference/training.py, computed in double and stored in single
// precision.
#include <filesystem>

#include "device_support.hpp"
#include "reconlaw/gpu/network.hpp"
#include "reconlaw/gpu/weights.hpp"
#include "support/check_close.hpp"

using namespace reconlaw::gpu;
using namespace reconlaw::gpu::testing;

namespace {

/// One network's tensors of a reference file.
class Reference {
  public:
    Reference(const char* file, std::string prefix)
        : file_(read_safetensors(std::filesystem::path(RECONLAW_GPU_REFERENCE_DIR) / file)),
          prefix_(std::move(prefix)) {}

    const SafeTensor& operator[](const std::string& name) const {
        const SafeTensor* tensor = file_.find(prefix_ + name);
        REQUIRE_MESSAGE(tensor, "no ", prefix_ + name);
        return *tensor;
    }
    template <class T = double>
    std::vector<T> values(const std::string& name) const {
        const SafeTensor& tensor = (*this)[name];
        return std::vector<T>(tensor.values.begin(), tensor.values.end());
    }
    double number(const std::string& name) const { return (*this)[name].values.at(0); }

    /// All tensors whose names begin so, without the beginning.
    SafeTensors below(const std::string& beginning) const {
        SafeTensors some;
        const std::string all = prefix_ + beginning;
        for (SafeTensor t : file_.tensors) {
            if (!t.name.starts_with(all)) continue;
            t.name.erase(0, all.size());
            some.tensors.push_back(std::move(t));
        }
        return some;
    }
    /// Their values, one tensor after another.
    std::vector<double> joined(const std::string& beginning) const {
        std::vector<double> all;
        for (const SafeTensor& t : below(beginning).tensors)
            all.insert(all.end(), t.values.begin(), t.values.end());
        return all;
    }
    BatchShape shape() const {
        const std::vector<std::int64_t>& s = (*this)["input"].shape;
        return {static_cast<int>(s[0]), static_cast<int>(s[2]), static_cast<int>(s[3])};
    }

  private:
    SafeTensors file_;
    std::string prefix_;
};

const UNet unet{.channels = 3, .poolings = 2};

Loss loss_named(const std::string& name) {
    return name == "mse" ? Loss::mse : name == "l1" ? Loss::l1 : Loss::ssim;
}

/// Error of a part of an array, relative to the norm of the expected values.
double relative_error(const std::vector<double>& values, const std::vector<double>& expected,
                      std::ptrdiff_t begin, std::ptrdiff_t size) {
    double error = 0, square = 0;
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(begin + size); ++i)
        error += std::pow(values[i] - expected[i], 2), square += std::pow(expected[i], 2);
    return std::sqrt(error / square);
}

/// Tolerances: the single-precision engine's are the project's targets; the double-precision engine is as
/// close as the rounding of the stored values allows.
struct Tolerance {
    double forward, gradient, loss, norm;
};
template <class T>
constexpr Tolerance tolerance = sizeof(T) == 4 ? Tolerance{1e-5, 1e-3, 1e-3, 1e-4}
                                               : Tolerance{1e-7, 2e-7, 2e-7, 1e-7};

template <class T>
void check_network(const Reference& r, const Architecture& a, const std::string& loss) {
    INFO(describe(a), ", ", loss);
    Network<T> network(a, r.shape(), {.loss = loss_named(loss)});
    network.set_parameters(cast<T>(r.joined("parameters/")));
    const auto input = r.values<T>("input"), target = r.values<T>("target");
    const std::vector<T> output = network.forward(input);
    check_all_close(std::vector<double>(output.begin(), output.end()), r.values("output"),
                    tolerance<T>.forward);

    check_close(network.loss_and_gradient(input, target), r.number(loss + "/loss"), tolerance<T>.forward, 0);
    const std::vector<T> g = network.get_gradient();
    const std::vector<double> gradient(g.begin(), g.end()), expected = r.joined(loss + "/gradient/");
    REQUIRE(gradient.size() == expected.size());
    for (const Parameter& p : network.parameters()) {
        INFO(p.name);
        check_close(relative_error(gradient, expected, p.offset, p.size()), 0, 0, tolerance<T>.gradient);
    }
    check_close(relative_error(gradient, expected, 0, network.parameter_count()), 0, 0,
                tolerance<T>.gradient);
}

template <class T>
void check_optimiser(const Reference& r, const std::string& name, const std::string& loss,
                     const OptimiserOptions& options) {
    INFO(name, ", ", loss);
    Network<T> network(unet, r.shape(), {.loss = loss_named(loss)});
    network.set_parameters(cast<T>(r.joined("parameters/")));
    Optimiser<T> optimiser(network.parameter_count(), options);
    const auto input = r.values<T>("input"), target = r.values<T>("target");
    const auto losses = r.values(name + "/" + loss + "/losses");
    REQUIRE(losses.size() == 10);
    int clipped = 0;
    for (const double expected : losses) {
        check_close(network.loss_and_gradient(input, target), expected, tolerance<T>.loss, 0);
        clipped += network.update(optimiser) > options.clip_norm;
    }
    if (options.clip_norm > 0) CHECK(clipped >= 5);
    const std::vector<T> p = network.get_parameters();
    check_close(norm({p.begin(), p.end()}), r.number(name + "/" + loss + "/norm"), tolerance<T>.norm, 0);
}

}  // namespace

TEST_CASE("the state_dict of PyTorch's U-Net has our names, shapes and order") {
    const Reference r("unet.safetensors", "");
    const SafeTensors stored = r.below("parameters/");
    const std::vector<Parameter> ours = parameters(unet);
    REQUIRE(stored.tensors.size() == ours.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
        CHECK(stored.tensors[i].name == ours[i].name);
        CHECK(stored.tensors[i].shape ==
              std::vector<std::int64_t>(ours[i].shape.begin(), ours[i].shape.end()));
    }
    const Weights weights = from_safetensors(stored, "unet.safetensors");
    CHECK(describe(weights.architecture) == describe(unet));
    CHECK(distance({weights.values.begin(), weights.values.end()}, r.joined("parameters/")) == 0);
}

TEST_CASE_TEMPLATE("the U-Net's estimate, losses and gradients equal PyTorch's", T, float, double) {
    if (!have_device()) return;
    const Reference r("unet.safetensors", "");
    for (const char* loss : {"mse", "l1", "ssim"}) check_network<T>(r, unet, loss);
}

TEST_CASE("mixed precision is as close to the exact values as PyTorch's autocast to BF16") {
    if (!have_device()) return;
    const Reference r("unet.safetensors", "");
    for (const std::string loss : {"mse", "l1", "ssim"}) {
        Network<float> network(unet, r.shape(), {.loss = loss_named(loss), .precision = Precision::bf16});
        network.set_parameters(cast<float>(r.joined("parameters/")));
        const auto input = r.values<float>("input"), target = r.values<float>("target");
        const std::vector<float> output = network.forward(input);
        check_close(network.loss_and_gradient(input, target), r.number(loss + "/loss"), 5e-3, 0);
        const std::vector<float> gradient = network.get_gradient();
        const auto error = [&](const std::vector<float>& values, const std::vector<double>& expected) {
            return relative_error({values.begin(), values.end()}, expected, 0, std::ssize(values));
        };
        const double by_output = error(output, r.values("output")) / r.number(loss + "/autocast/output"),
                     by_gradient = error(gradient, r.joined(loss + "/gradient/")) /
                                   r.number(loss + "/autocast/gradient");
        INFO(loss, ": errors over PyTorch's: output ", by_output, ", gradient ", by_gradient);
        // both are sums of many roundings, which fall differently
        check_close(by_output, 0, 0, 1.5);
        check_close(by_gradient, 0, 0, 1.5);
        CHECK(by_gradient > 0.1);
    }
}

TEST_CASE_TEMPLATE("the residual CNN's estimate, loss and gradient equal PyTorch's", T, float, double) {
    if (!have_device()) return;
    for (const int upscale : {1, 3, 4}) {
        const Reference r("residual_cnn.safetensors", std::to_string(upscale) + "/");
        const ResidualCnn a{.channels = 3, .blocks = 1, .upscale = upscale, .block_scale = 0.5};
        const SafeTensors stored = r.below("parameters/");
        const std::vector<Parameter> ours = parameters(a);
        REQUIRE(stored.tensors.size() == ours.size());
        for (std::size_t i = 0; i < ours.size(); ++i) CHECK(stored.tensors[i].name == ours[i].name);
        check_network<T>(r, a, "mse");
    }
}

TEST_CASE_TEMPLATE("ten steps of every optimiser give PyTorch's losses", T, float, double) {
    if (!have_device()) return;
    const Reference r("unet.safetensors", "");
    for (const char* loss : {"mse", "l1", "ssim"}) {
        check_optimiser<T>(r, "adam", loss, {.kind = OptimiserKind::adam, .rate = 1e-3});
        check_optimiser<T>(r, "rmsprop", loss, {.kind = OptimiserKind::rmsprop, .rate = 1e-3});
    }
    check_optimiser<T>(r, "sgd", "mse", {.kind = OptimiserKind::sgd, .rate = 1e-2, .momentum = 0.9});
    check_optimiser<T>(r, "adam_clipped", "mse",
                       {.kind = OptimiserKind::adam, .rate = 1e-3, .clip_norm = 0.1});
    check_optimiser<T>(r, "sgd_clipped", "l1", {.kind = OptimiserKind::sgd, .rate = 1e-2, .clip_norm = 0.5});
}
