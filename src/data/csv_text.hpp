#pragma once
/// The text below a table: encoding, records, separator. Private to src/data.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace reconlaw::data {

/// UTF-16 as UTF-8, recognised by its byte-order mark or by zeros at every other byte.
/// @return false: it is none, and `utf8` is unchanged
/// @throws FileError  half a character, or UTF-32
bool decode_utf16(std::string_view text, const std::filesystem::path& path, std::string& utf8);

/// @throws FileError  the content is of another kind: JSON, a spreadsheet, an archive, an image, ...
void require_table(std::string_view text, const std::filesystem::path& path);

struct Record {
    std::size_t line = 0;  ///< where it begins
    std::vector<std::string> fields;
    bool first_quoted = false;
};

/// Takes records off the front of a text.
class RecordReader {
  public:
    RecordReader(std::string_view text, std::filesystem::path path, char separator, std::size_t line = 1)
        : text_(text), path_(std::move(path)), separator_(separator), line_(line) {}

    /// The next record that is not blank. @return false at the end
    /// @throws FileError  a quote is not closed
    bool next(Record& record);

    /// The last comment line that was passed over, without its #, and its number; empty if there was none.
    std::string_view comment() const { return comment_; }
    std::size_t comment_line() const { return comment_line_; }

  private:
    bool skip_lines();
    void end_line();
    std::string field();

    std::string_view text_;
    std::filesystem::path path_;
    char separator_;
    std::size_t line_;
    std::string_view comment_;
    std::size_t comment_line_ = 0;
};

/// "sep=;" as a first line, which spreadsheets understand. Takes it off. @return the separator, 0: no such
/// line
char take_separator_line(std::string_view& text, std::size_t& line);

/// The separator by which the header and the next rows have equally many fields, most of them numbers.
char detect_separator(std::string_view text, const std::filesystem::path& path);

bool all_numbers(const std::vector<std::string>& fields);

}  // namespace reconlaw::data
