#include "model/rate.h"

#include <cctype>
#include <charconv>

#include "base/quote.h"

namespace fairlead {

namespace {

constexpr std::string_view kPrefix = "fairlead.rate.";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// 0: no such suffix.
std::uint64_t factor_of(std::string_view suffix) {
  if (suffix.ends_with("bit")) suffix.remove_suffix(3);
  if (suffix.empty()) return 1;
  if (suffix == "k") return 1'000;
  if (suffix == "m") return 1'000'000;
  if (suffix == "g") return 1'000'000'000;
  return 0;
}

std::unexpected<Error> no_rate(std::string_view text) {
  return fail(Errc::invalid_argument,
              quoted(text) + " is not a rate from " + rate_text(kLowestRate) + " to " +
                  rate_text(kHighestRate) +
                  ": give bits per second, such as 2500000, 500kbit, 10mbit or 2.5gbit");
}

bool is_limit(std::uint64_t rate) {
  return rate == 0 || (rate >= kLowestRate && rate <= kHighestRate);
}

}  // namespace

Result<std::uint64_t> parse_rate(std::string_view text) {
  const std::string all = lower(text);
  const char* end = all.data() + all.size();
  double number = 0;
  const auto [rest, failed] = std::from_chars(all.data(), end, number, std::chars_format::fixed);
  const std::uint64_t factor =
      factor_of(std::string_view(rest, static_cast<std::size_t>(end - rest)));
  // In this order: what is not a number compares with nothing.
  const double rate = number * static_cast<double>(factor);
  if (failed != std::errc() || !(rate >= static_cast<double>(kLowestRate)) ||
      !(rate <= static_cast<double>(kHighestRate)))
    return no_rate(text);
  return static_cast<std::uint64_t>(rate + 0.5);
}

std::string rate_text(std::uint64_t bits_per_second) {
  constexpr const char* kSuffixes[] = {"bit", "kbit", "mbit"};
  for (const char* suffix : kSuffixes) {
    if (bits_per_second == 0 || bits_per_second % 1'000 != 0)
      return std::to_string(bits_per_second) + suffix;
    bits_per_second /= 1'000;
  }
  return std::to_string(bits_per_second) + "gbit";
}

Status check_rate(const Rate& rate) {
  if (!is_limit(rate.egress))
    return fail(no_rate(std::to_string(rate.egress)).error(), "egress rate");
  if (!is_limit(rate.ingress))
    return fail(no_rate(std::to_string(rate.ingress)).error(), "ingress rate");
  return {};
}

Rate rate_of(const Rate& network, const Rate& endpoint) {
  Rate out = endpoint;
  if (out.egress == 0) {
    out.egress = network.egress;
    out.egress_burst = network.egress_burst;
  }
  if (out.ingress == 0) {
    out.ingress = network.ingress;
    out.ingress_burst = network.ingress_burst;
  }
  return out;
}

bool is_rate_option(std::string_view name) { return name.starts_with(kPrefix); }

Result<Rate> rate_options(const std::map<std::string, std::string>& options) {
  Rate rate;
  for (const auto& [name, text] : options) {
    if (!is_rate_option(name)) continue;
    const std::string_view direction = std::string_view(name).substr(kPrefix.size());
    if (direction != "egress" && direction != "ingress")
      return fail(Errc::invalid_argument, "unknown option " + quoted(name) +
                                              ": of rates, fairlead takes " +
                                              std::string(kRateOptions));
    auto limit = parse_rate(text);
    if (!limit) return fail(std::move(limit).error(), "option " + name);
    (direction == "egress" ? rate.egress : rate.ingress) = *limit;
  }
  return rate;
}

}  // namespace fairlead
