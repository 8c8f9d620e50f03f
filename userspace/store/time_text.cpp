#include "store/time_text.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>

#include "base/quote.h"

namespace fairlead::store {

namespace {

constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
constexpr int kFirstYear = 1678;  // 64 bits of nanoseconds around 1970
constexpr int kLastYear = 2261;

bool has_shape(std::string_view text) {
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  return true;
}

int number(std::string_view text, std::size_t at, std::size_t length) {
  int value = 0;
  std::from_chars(text.data() + at, text.data() + at + length, value);
  return value;
}

}  // namespace

std::string to_text(TimePoint time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<nanoseconds> clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text.data();
}

Result<TimePoint> parse_time(std::string_view text) {
  using namespace std::chrono;
  const auto refused = [text] {
    return fail(Errc::invalid_argument,
                quoted(text) + " is not a time: expected a form like " + to_text(TimePoint{}));
  };
  if (!has_shape(text)) return refused();
  const year_month_day date{year(number(text, 0, 4)),
                            month(static_cast<unsigned>(number(text, 5, 2))),
                            day(static_cast<unsigned>(number(text, 8, 2)))};
  const int hour = number(text, 11, 2);
  const int minute = number(text, 14, 2);
  const int second = number(text, 17, 2);
  const bool year_fits = date.year() >= year(kFirstYear) && date.year() <= year(kLastYear);
  if (!date.ok() || !year_fits || hour > 23 || minute > 59 || second > 59) return refused();
  return sys_days(date) + hours(hour) + minutes(minute) + seconds(second) +
         nanoseconds(number(text, 20, 9));
}

}  // namespace fairlead::store
