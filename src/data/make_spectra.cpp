// Recomputes data/spectra: eigenvalues of the pixel covariance of real images, means removed, pixels in [0,
// 1].
//
// Run: reconlaw_make_spectra OUTPUT_DIRECTORY
// Needs the Debian packages dataset-fashion-mnist, gcompris-qt-data, lomiri-wallpapers-16.04,
// lomiri-wallpapers-20.04, mate-backgrounds, palapeli-data and plasma-workspace-wallpapers; takes about a
// minute.

#include <Eigen/Eigenvalues>
#include <exception>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "reconlaw/data/idx.hpp"
#include "reconlaw/data/patches.hpp"
#include "reconlaw/data/spectrum_file.hpp"

namespace {

using reconlaw::data::PatchOptions;
using reconlaw::data::PhotographSet;

/// Eigenvalues of (1/N) sum_i (x_i - mean)(x_i - mean)^T, descending; columns of `samples` are the x_i.
/// Changes `samples` (removes the mean) to save a copy.
Eigen::VectorXd covariance_spectrum(Eigen::MatrixXd& samples) {
    const Eigen::VectorXd mean = samples.rowwise().mean();
    samples.colwise() -= mean;
    Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(samples.rows(), samples.rows());
    covariance.selfadjointView<Eigen::Lower>().rankUpdate(samples, 1.0 / static_cast<double>(samples.cols()));
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance, Eigen::EigenvaluesOnly);
    return solver.eigenvalues().reverse().cwiseMax(0.0);  // a zero may come out as -1e-17
}

void write(const std::filesystem::path& path, const std::string& source, Eigen::MatrixXd samples) {
    const Eigen::Index count = samples.cols();
    const Eigen::VectorXd eigenvalues = covariance_spectrum(samples);
    std::ostringstream comment;
    comment << source
            << "\nEigenvalues of the pixel covariance (1/N) sum (x - mean)(x - mean)^T, N = " << count
            << ", pixels in [0, 1], descending; made by reconlaw_make_spectra.";
    reconlaw::data::write_spectrum_file(path, eigenvalues, comment.str());
    std::cout << path.string() << ": " << eigenvalues.size() << " eigenvalues, sum " << eigenvalues.sum()
              << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 2) {
        std::cerr << "usage: reconlaw_make_spectra OUTPUT_DIRECTORY\n";
        return 2;
    }
    const std::filesystem::path directory = argv[1];
    write(directory / "fashion_mnist_28x28.txt",
          "Fashion-MNIST, the 60000 training images of 28 x 28 pixels.",
          reconlaw::data::fashion_mnist().train.samples());

    const PhotographSet train = reconlaw::data::photograph_set(reconlaw::data::read_photograph_manifest(),
                                                               reconlaw::data::Split::train);
    const PatchOptions options{
        .side_px = 16, .count = 1200 * static_cast<Eigen::Index>(train.photographs.size()), .seed = 1};
    std::ostringstream source;
    source << "Random 16 x 16 patches of the " << train.photographs.size()
           << " training photographs of photographs.tsv (luma, downsampled), 1200 from each, seed "
           << options.seed << '.';
    write(directory / "photographs_train_16x16.txt", source.str(),
          reconlaw::data::draw_patches(train.photographs, options));
} catch (const std::exception& error) {
    std::cerr << "reconlaw_make_spectra: " << error.what() << '\n';
    return 1;
}
