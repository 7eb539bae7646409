#include "console.hpp"

#include <algorithm>
#include <streambuf>

#include "printed.hpp"
#include "reconlaw/data/in_quotes.hpp"

namespace reconlaw::cli {
namespace {

/// Collects lines, so that a character of several bytes is seen whole.
class LineBuffer : public std::streambuf {
  protected:
    /// @param end  "\n" or, for a line that is flushed unfinished, ""
    virtual void pass_on(const std::string& line, const char* end) = 0;

    int_type overflow(int_type c) override {
        if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
        const char character = traits_type::to_char_type(c);
        if (character != '\n') {
            line_ += character;
        } else {
            pass_on(line_, "\n");
            line_.clear();
        }
        return c;
    }
    std::streamsize xsputn(const char* text, std::streamsize count) override {
        for (std::streamsize i = 0; i < count; ++i) overflow(traits_type::to_int_type(text[i]));
        return count;
    }
    int sync() override {
        if (!line_.empty()) pass_on(line_, "");
        line_.clear();
        return 0;
    }

  private:
    std::string line_;
};

/// Longer messages are cut: no path and no number has that many characters.
constexpr std::size_t longest_message = 5000;

}  // namespace

class Console::Filter : public LineBuffer {
  public:
    explicit Filter(Console& console) : console_(console) {}

  private:
    void pass_on(const std::string& line, const char* end) override {
        if (console_.quiet_) return;
        console_.clear();
        console_.err_ << data::printable(line) << end << std::flush;
    }
    Console& console_;
};

Console::Console(std::ostream& err, bool terminal, int columns, bool quiet)
    : err_(err),
      terminal_(terminal),
      quiet_(quiet),
      columns_(columns),
      filter_(std::make_unique<Filter>(*this)),
      notes_(std::make_unique<std::ostream>(filter_.get())) {}

Console::~Console() {
    notes_->flush();
    clear();
}

void Console::draw(const std::string& line) {
    if (!draws()) return;
    const std::size_t width = static_cast<std::size_t>(std::max(columns_ - 1, 20));
    err_ << "\r\033[K" << data::printable(line).substr(0, width) << std::flush;
    drawn_ = true;
}

void Console::clear() {
    if (drawn_) err_ << "\r\033[K" << std::flush;
    drawn_ = false;
}

void Console::error(const std::string& message) {
    notes_->flush();
    clear();
    err_ << data::printable(message.substr(0, longest_message))
         << (message.size() > longest_message ? "...\n" : "\n") << std::flush;
}

class PrintableStream::Buffer : public LineBuffer {
  public:
    explicit Buffer(std::ostream& out) : out_(out) {}

  private:
    void pass_on(const std::string& line, const char* end) override {
        for (std::size_t from = 0; from <= line.size();) {  // tables have tabs
            const std::size_t tab = std::min(line.find('\t', from), line.size());
            out_ << data::printable(std::string_view(line).substr(from, tab - from))
                 << (tab < line.size() ? "\t" : "");
            from = tab + 1;
        }
        out_ << end;
    }
    int sync() override {
        LineBuffer::sync();
        out_.flush();
        return out_ ? 0 : -1;
    }
    std::ostream& out_;
};

PrintableStream::PrintableStream(std::ostream& out)
    : buffer_(std::make_unique<Buffer>(out)), stream_(std::make_unique<std::ostream>(buffer_.get())) {}

PrintableStream::~PrintableStream() {
    stream_->flush();
}

std::string duration(double seconds) {
    if (seconds < 90) return printed("%.0f s", seconds);
    if (seconds < 5400) return printed("%.1f min", seconds / 60);
    return printed("%.1f h", seconds / 3600);
}

void ProgressLine::clear() {
    if (console_) console_->clear();
}

bool ProgressLine::due() const {
    return console_ && console_->draws() && Clock::now() - last_ >= std::chrono::milliseconds(200);
}

void ProgressLine::show(double part, const std::string& text, std::optional<double> seconds_left) {
    if (!due()) return;
    last_ = Clock::now();
    part = std::clamp(part, 0.0, 1.0);
    if (!first_) first_ = part;
    if (!seconds_left && part > *first_)
        seconds_left = std::chrono::duration<double>(last_ - start_).count() * (1 - part) / (part - *first_);
    constexpr int width = 30;
    const auto filled = static_cast<std::size_t>(width * part);
    console_->draw("[" + std::string(filled, '#') + std::string(width - filled, '.') + "] " + text +
                   (seconds_left ? ", " + duration(*seconds_left) + " left" : ""));
}

}  // namespace reconlaw::cli
