#include "real_images.hpp"

#include "reconlaw/data/idx.hpp"
#include "reconlaw/data/image.hpp"
#include "reconlaw/data/metrics.hpp"
#include "reconlaw/data/patches.hpp"
#include "reconlaw/simulate/random.hpp"

namespace reconlaw::report {

namespace {

using Eigen::Index;

/// Test images side by side, enlarged.
data::Bytes strip(const ImageSet& images, const Eigen::MatrixXd& pixels) {
    constexpr Index scale = 3, gap = 2;
    const Index count = pixels.cols(), h = images.rows, w = images.cols;
    data::Image out = data::Image::Ones(h * scale, count * (w + gap) * scale - gap * scale);
    for (Index j = 0; j < count; ++j)
        for (Index r = 0; r < h * scale; ++r)
            for (Index c = 0; c < w * scale; ++c)
                out(r, j * (w + gap) * scale + c) =
                    static_cast<float>(pixels((r / scale) * w + c / scale, j));
    return data::encode_png(out);
}

Pictures denoised(const ImageSet& images, const ImageStudy& study) {
    constexpr Index count = 10;
    const Eigen::MatrixXd x = images.test.leftCols(count).cast<double>();
    const Eigen::MatrixXd y = x + study.sigma * normal_matrix({1, 0, 0}, 99, images.pixels(), count);
    const auto with_mean = [&](const Eigen::MatrixXd& z) {
        return Eigen::MatrixXd(z.colwise() + images.mean);
    };
    Pictures pictures{
        "denoised",
        "What the numbers look like",
        "More training images give cleaner reconstructions of the same noisy test images, up to what the "
        "best linear estimator can do.",
        {}};
    pictures.rows.push_back({"noisy, " + printed("%.1f dB", data::psnr_db(study.sigma * study.sigma)),
                             strip(images, with_mean(y))});
    for (const auto& [N, weights] : study.kept)
        for (const ImagePoint& p : study.points)
            if (p.training_size == N)
                pictures.rows.push_back(
                    {"N = " + std::to_string(N) + ", " + printed("%.1f dB", data::psnr_db(p.measured)),
                     strip(images, with_mean(weights * y))});
    pictures.rows.push_back({"clean", strip(images, with_mean(x))});
    return pictures;
}

void warn_failed(Section& section, const ImageStudy& study) {
    if (study.failed > 0)
        section.blocks.push_back(
            Paragraph{"<strong>" + std::to_string(study.failed) +
                      " closed-form values did not reach their tolerance and are left out.</strong>"});
}

void add_fashion(Section& section, const Context& context, const ImageSet& images) {
    ImageStudyOptions options;
    options.sizes = {30, 100, 300, 1000, 3000, 10000, 30000};
    options.repetitions =
        context.quick ? std::vector<int>{30, 20, 10, 5, 3, 2, 2} : std::vector<int>{50, 50, 20, 10, 5, 3, 3};
    options.path_sizes = {100, 1000, 10000};
    options.kept_sizes = {30, 100, 1000, 30000};
    const ImageStudy study = study_images(context, images, options, "Fashion-MNIST");

    section.blocks.push_back(
        Paragraph{"Linear denoisers of 784 × 784 weights, trained by gradient descent (step size "
                  "2/(3 λ<sub>max</sub>), at most 300000 steps, all evaluated from one factorisation) on N "
                  "random training images "
                  "with white noise of σ = 25/255, the mean of the training images removed. The points are "
                  "their error on the "
                  "10000 test images, exact over the noise of the test measurements (from the second moments "
                  "of the test images "
                  "and σ²‖W‖²), stopped at the best step on the test images; error bars are standard errors "
                  "over training sets "
                  "where there are several. The closed form is given the eigenvalues of the covariance of "
                  "the 60000 training "
                  "images and σ, nothing else; it treats images as Gaussian, which they are not.",
                  "Fashion-MNIST"});
    warn_failed(section, study);
    Figure curve;
    curve.name = "fashion-mnist";
    curve.title = "Denoising Fashion-MNIST";
    curve.what_to_see =
        "The covariance spectrum of the images alone predicts how the test error of trained denoisers falls "
        "with the "
        "number of training images, and the peak of unstopped training at N = 784.";
    curve.panels = {curve_panel(study, "Fashion-MNIST, σ = 25/255")};
    curve.line_meaning = "closed form", curve.point_meaning = "real images";
    section.blocks.push_back(std::move(curve));
    section.blocks.push_back(
        ratio_table(study, "fashion-mnist-ratios",
                    "Fashion-MNIST: predicted and measured error, per pixel, and the best step."));
    section.blocks.push_back(effective_dimension_table(
        context, study, "fashion-mnist-dimension",
        "Fashion-MNIST: the early-stopped curve as the curve of a simpler model, fitted to the losses alone. "
        "Subspace: signals of equal variance in d of 784 dimensions. Power-law spectrum: variances "
        "proportional "
        "to j^−exponent, the noise unknown (true: " +
            printed("%.4f", study.sigma) +
            "). Variance: in each of the d dimensions, or in the first direction; ± one standard error from "
            "the "
            "scatter; deviation: root mean square."));
    Figure path;
    path.name = "fashion-mnist-iterations";
    path.title = "Along the iterations, on real images";
    path.what_to_see =
        "The prediction holds along the whole path and not only at its minimum: training past k* (dotted) "
        "costs the more "
        "the closer N is to the number of pixels, 784.";
    path.panels = path_panels(study);
    path.columns = 3, path.width_px = 1500, path.height_px = 640;
    path.line_meaning = "closed form", path.point_meaning = "real images";
    section.blocks.push_back(std::move(path));
    section.blocks.push_back(denoised(images, study));
}

void add_photographs(Section& section, const Context& context) {
    if (context.quick) {
        section.blocks.push_back(
            Paragraph{"Left out of the quick report. <code>scripts/reproduce</code> without "
                      "<code>--quick</code> installs the packages with the photographs and adds this part.",
                      "Photographs"});
        return;
    }
    constexpr Index side = 16, per_photograph = 300, test_per_photograph = 1000;
    begin(context, "photographs: reading and decoding");
    const auto manifest = data::read_photograph_manifest();
    const auto train = data::photograph_set(manifest, data::Split::train);
    const auto test = data::photograph_set(manifest, data::Split::test);
    const auto patches = [](const data::PhotographSet& set, Index each, std::uint64_t seed) {
        return Eigen::MatrixXf(
            data::draw_patches(
                set.photographs,
                {.side_px = side, .count = each * static_cast<Index>(set.photographs.size()), .seed = seed})
                .cast<float>());
    };
    const ImageSet images = make_image_set(context, side, side, patches(train, per_photograph, 1),
                                           patches(test, test_per_photograph, 2));
    ImageStudyOptions options;
    options.sizes = {30, 100, 300, 1000, 3000, 10000, 30000};
    options.repetitions = {50, 50, 20, 20, 10, 5, 5};
    options.path_sizes = {100, 1000, 10000};
    const ImageStudy study = study_images(context, images, options, "photographs");
    section.blocks.push_back(Paragraph{
        "The same with patches of " + std::to_string(side) + " × " + std::to_string(side) + " pixels from " +
            std::to_string(train.photographs.size()) + " training photographs (" +
            std::to_string(images.train.cols()) + " patches, whose covariance the closed form sees) and " +
            std::to_string(test.photographs.size()) + " test photographs (" +
            std::to_string(images.test.cols()) +
            " patches). Three things that the closed form does not know show up here. The test photographs "
            "are not the "
            "training photographs, so that the ratio need not go to 1 for large N; the table has it against "
            "all "
            "training patches, too. Patches of one photograph are dependent, which matters once N is well "
            "above the "
            "number of photographs. What remains below it must be the distribution of patches, which is far "
            "from "
            "Gaussian.",
        "Photographs"});
    warn_failed(section, study);
    Figure curve;
    curve.name = "photographs";
    curve.title = "Denoising photographs";
    curve.what_to_see =
        "The training covariance predicts the curve for photographs never seen in training, too, but is too "
        "hopeful by about a tenth where training patches are few.";
    curve.panels = {curve_panel(study, "16 × 16 patches of photographs, σ = 25/255")};
    curve.line_meaning = "closed form", curve.point_meaning = "real images";
    section.blocks.push_back(std::move(curve));
    section.blocks.push_back(
        ratio_table(study, "photographs-ratios",
                    "Photographs: predicted and measured error, per pixel, and the best step."));
    section.blocks.push_back(effective_dimension_table(
        context, study, "photographs-dimension",
        "Photographs: the early-stopped curve as the curve of a simpler model, as for Fashion-MNIST."));
    Figure path;
    path.name = "photographs-iterations";
    path.title = "Along the iterations, on photographs";
    path.what_to_see = "As for Fashion-MNIST, bias and variance trade places at the predicted step.";
    path.panels = path_panels(study);
    path.columns = 3, path.width_px = 1500, path.height_px = 640;
    path.line_meaning = "closed form", path.point_meaning = "real images";
    section.blocks.push_back(std::move(path));
}

}  // namespace

ImageSet fashion_mnist_images(const Context& context) {
    begin(context, "Fashion-MNIST: reading, covariance");
    const data::FashionMnist set = data::fashion_mnist();
    const auto all = [](const data::LabelledImages& images) {
        Eigen::MatrixXf pixels(images.pixels_per_image(), images.size());
        for (Index start = 0; start < images.size(); start += 1000) {
            const Index count = std::min<Index>(1000, images.size() - start);
            pixels.middleCols(start, count) = images.samples(start, count).cast<float>();
        }
        return pixels;
    };
    return make_image_set(context, set.train.rows, set.train.cols, all(set.train), all(set.test));
}

Section real_images_section(const Context& context, const ImageSet& fashion) {
    Section section;
    section.title = "Denoising real images";
    add_fashion(section, context, fashion);
    add_photographs(section, context);
    return section;
}

}  // namespace reconlaw::report
