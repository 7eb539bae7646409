#pragma once
/// What a command says besides its result: notes, progress and errors.

#include <chrono>
#include <iosfwd>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

namespace reconlaw::cli {

/// Stands between the commands and standard error. Everything passes through data::printable, so that no
/// byte from a file or an argument is an order to the terminal.
class Console {
  public:
    /// @param terminal  err is one that moves its cursor: the progress line may be drawn
    /// @param columns   of the terminal
    /// @param quiet     neither notes nor progress
    Console(std::ostream& err, bool terminal, int columns, bool quiet);
    ~Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    /// Takes notes and logs, line by line.
    std::ostream& notes() { return *notes_; }
    bool draws() const { return terminal_ && !quiet_; }
    /// Replaces the progress line; nothing where it is not drawn.
    void draw(const std::string& line);
    void clear();
    /// One line, also when quiet.
    void error(const std::string& message);

  private:
    class Filter;
    std::ostream& err_;
    bool terminal_, quiet_, drawn_ = false;
    int columns_;
    std::unique_ptr<Filter> filter_;
    std::unique_ptr<std::ostream> notes_;
};

/// Passes text on with everything but letters, tabs and line ends as printable.
class PrintableStream {
  public:
    explicit PrintableStream(std::ostream& out);
    ~PrintableStream();
    std::ostream& stream() { return *stream_; }

  private:
    class Buffer;
    std::unique_ptr<Buffer> buffer_;
    std::unique_ptr<std::ostream> stream_;
};

/// "12 s", "3.4 min", "1.2 h"
std::string duration(double seconds);

/// The one progress display: "[######........................] 12/100 draws, 5 s left", at most five times a
/// second. It vanishes with the object.
class ProgressLine {
  public:
    /// @param console  nullptr: nothing is drawn
    explicit ProgressLine(Console* console) : console_(console) {}
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// Until the next call of show.
    void clear();
    /// Whether the next call draws: for texts that cost time.
    bool due() const;
    /// @param part  done, from 0 to 1
    /// @param seconds_left  estimated from the first call on where it is not given
    void show(double part, const std::string& text, std::optional<double> seconds_left = {});

  private:
    using Clock = std::chrono::steady_clock;
    Console* console_;
    Clock::time_point start_ = Clock::now(), last_{};
    std::optional<double> first_;
};

}  // namespace reconlaw::cli
