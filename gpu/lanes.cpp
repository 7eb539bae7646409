#include "lanes.hpp"

#include <algorithm>
#include <exception>
#include <vector>

#include "device_array.hpp"
#include "device_query.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace reconlaw::gpu {
namespace {

#if defined(_OPENMP)

template <class T>
class Lanes final : public Program<T> {
  public:
    Lanes(int lanes, const Architecture& architecture, const BatchShape& shape, const NetworkOptions& options)
        : images_(shape.images), training_(options.training), lanes_(static_cast<std::size_t>(lanes)) {
        int first = 0;
        for (int i = 0; i < lanes; ++i) {
            Lane& lane = lanes_[static_cast<std::size_t>(i)];
            lane.first = first, lane.images = shape.images / lanes + (i < shape.images % lanes);
            first += lane.images;
        }
        each([&](Lane& lane) {
            lane.program = make_program<T>(architecture, {lane.images, shape.height, shape.width},
                                           options.training, options.precision);
        });
        for (const Parameter& p : parameters(architecture)) parameters_ += p.size();
    }

    std::size_t activation_bytes() const override {
        return sum([](const Program<T>& p) { return p.activation_bytes(); }) + end_bytes();
    }
    std::size_t minimum_bytes() const override {
        return sum([](const Program<T>& p) { return p.minimum_bytes(); }) + end_bytes();
    }
    std::size_t workspace_bytes() const override {
        return sum([](const Program<T>& p) { return p.workspace_bytes(); });
    }
    std::size_t weight_bytes() const override {
        return sum([](const Program<T>& p) { return p.weight_bytes(); });
    }
    std::size_t gradient_bytes() const override {
        return training_ ? lanes_.size() * sizeof(T) * static_cast<std::size_t>(parameters_) : 0;
    }

    void allocate() override {
        input_ = DeviceArray<T>(elements(input()));
        output_ = DeviceArray<T>(elements(output()));
        if (training_) output_gradient_ = DeviceArray<T>(output_.size());
        each([&](Lane& lane) {  // by the thread that uses it: its memory lies near its core
            lane.program->allocate();
            if (training_) lane.gradient = DeviceArray<T>(parameters_);
        });
    }

    View<T> input() const override { return whole(lanes_.front().program->input(), input_); }
    View<T> output() const override { return whole(lanes_.front().program->output(), output_); }
    View<T> output_gradient() const override {
        return whole(lanes_.front().program->output(), output_gradient_);
    }

    /// Lanes copy the weights when they need them, so that no thread waits for it.
    void set_weights(const T*) override { stale_ = true; }
    void forward(const T* parameters) override {
        each([&](Lane& lane) {
            if (stale_) lane.program->set_weights(parameters);
            const View<T> x = lane.program->input(), y = lane.program->output();
            kernels::upload(x.data, part(input_, lane), sizeof(T) * static_cast<std::size_t>(elements(x)));
            lane.program->forward(parameters);
            kernels::download(part(output_, lane), y.data, sizeof(T) * static_cast<std::size_t>(elements(y)));
        });
        stale_ = false;
    }
    void backward(const T* parameters, T* gradient) override {
        const auto one = [&](Lane& lane) {
            const View<T> dy = lane.program->output_gradient();
            kernels::upload(dy.data, part(output_gradient_, lane),
                            sizeof(T) * static_cast<std::size_t>(elements(dy)));
            lane.program->backward(parameters, lane.gradient.data());
        };
        each(one, [&](std::ptrdiff_t begin, std::ptrdiff_t end) {
            std::copy(lanes_.front().gradient.data() + begin, lanes_.front().gradient.data() + end,
                      gradient + begin);
            for (std::size_t k = 1; k < lanes_.size(); ++k) {
                const T* from = lanes_[k].gradient.data();
                for (std::ptrdiff_t i = begin; i < end; ++i) gradient[i] += from[i];
            }
        });
    }

  private:
    struct Lane {
        std::unique_ptr<Program<T>> program;
        int first = 0, images = 0;
        DeviceArray<T> gradient;
    };

    /// f(lane) by a thread each, which does alone what it calls; then sums(begin, end) for blocks of the
    /// parameters. An exception of one is thrown when all have returned.
    template <class F, class Sums>
    void each(const F& f, const Sums& sums) {
        constexpr std::ptrdiff_t block = 4096;
        const int count = static_cast<int>(lanes_.size());
        const std::ptrdiff_t blocks = (parameters_ + block - 1) / block;
        std::exception_ptr thrown;
#pragma omp parallel num_threads(count)
        {
            omp_set_num_threads(1);  // of what this thread starts, until the region ends
#pragma omp for schedule(static, 1)
            for (int i = 0; i < count; ++i) try {
                    f(lanes_[static_cast<std::size_t>(i)]);
                } catch (...) {
#pragma omp critical(reconlaw_lanes)
                    thrown = std::current_exception();
                }
#pragma omp for schedule(static)
            for (std::ptrdiff_t b = 0; b < blocks; ++b)
                sums(b * block, std::min(parameters_, (b + 1) * block));
        }
        if (thrown) std::rethrow_exception(thrown);
    }
    template <class F>
    void each(const F& f) {
        const int count = static_cast<int>(lanes_.size());
        std::exception_ptr thrown;
#pragma omp parallel for schedule(static, 1) num_threads(count)
        for (int i = 0; i < count; ++i) try {
                omp_set_num_threads(1);
                f(lanes_[static_cast<std::size_t>(i)]);
            } catch (...) {
#pragma omp critical(reconlaw_lanes)
                thrown = std::current_exception();
            }
        if (thrown) std::rethrow_exception(thrown);
    }

    template <class F>
    std::size_t sum(const F& bytes) const {
        std::size_t all = 0;
        for (const Lane& lane : lanes_) all += bytes(*lane.program);
        return all;
    }
    static std::ptrdiff_t elements(const View<T>& v) {
        return std::ptrdiff_t{v.n} * v.h * v.w * v.c;
    }
    std::size_t end_bytes() const {
        return sizeof(T) *
               static_cast<std::size_t>(elements(input()) + (training_ ? 2 : 1) * elements(output()));
    }
    View<T> whole(const View<T>& lane, const DeviceArray<T>& memory) const {
        return dense_view(memory.data(), images_, lane.h, lane.w, lane.c);
    }
    T* part(const DeviceArray<T>& memory, const Lane& lane) const {
        return memory.data() + memory.size() / images_ * lane.first;
    }

    int images_;
    bool training_, stale_ = true;
    std::vector<Lane> lanes_;
    std::ptrdiff_t parameters_ = 0;
    DeviceArray<T> input_, output_, output_gradient_;
};

#endif

}  // namespace

int lanes_of(int images, int threads) {
    if (threads < 2 || images < threads) return 1;
    const int longest = (images + threads - 1) / threads;
    return 4 * images >= 3 * threads * longest ? threads : 1;
}

template <class T>
std::unique_ptr<Program<T>> make_lanes(const Architecture& architecture, const BatchShape& shape,
                                       const NetworkOptions& options) {
#if defined(_OPENMP)
    const DeviceQuery device = query_device();
    const int lanes =
        options.divide_batch && device.system == "omp" ? lanes_of(shape.images, device.threads) : 1;
    if (lanes > 1) return std::make_unique<Lanes<T>>(lanes, architecture, shape, options);
#endif
    return make_program<T>(architecture, shape, options.training, options.precision);
}

template std::unique_ptr<Program<float>> make_lanes(const Architecture&, const BatchShape&,
                                                    const NetworkOptions&);
template std::unique_ptr<Program<double>> make_lanes(const Architecture&, const BatchShape&,
                                                     const NetworkOptions&);

}  // namespace reconlaw::gpu
