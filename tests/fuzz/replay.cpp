// Feeds a fuzz target its corpus and fixed mutations of it: replay CORPUS_FOLDER.
//
// Deterministic: what fails once fails always. The input that fails is printed.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz.h"

namespace {

constexpr int kMutations = 4000;

std::string current;  // what is being tried

// The dying process shows its input; sanitizers and abort() both end here.
void show_current(int signal) {
  constexpr std::string_view head = "input that failed:\n";
  (void)!::write(STDERR_FILENO, head.data(), head.size());
  (void)!::write(STDERR_FILENO, current.data(), current.size());
  (void)!::write(STDERR_FILENO, "\n", 1);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void try_one(std::string input) {
  current = std::move(input);
  // A copy of exact size on the heap: reading past its end is seen by the address sanitizer.
  const std::vector<std::uint8_t> exact(current.begin(), current.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::vector<std::string> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());  // the order of a folder is not fixed
  std::vector<std::string> seeds;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string next() {
    std::string text = seeds_[below(seeds_.size())];
    for (std::size_t steps = 1 + below(4); steps > 0; --steps) change(text);
    return text;
  }

 private:
  // Not std::uniform_int_distribution: its results differ between libraries.
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  void change(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t length = below(text.size() - at + 1);
    switch (below(7)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(8)));
        break;
      case 1:
        text.insert(at, 1, static_cast<char>(below(256)));
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, text.substr(at, length));
        break;
      case 4:
        text.resize(at);
        break;
      case 5:
        text.insert(at, kWords[below(std::size(kWords))]);
        break;
      default: {
        const std::string& other = seeds_[below(seeds_.size())];
        text.replace(at, length, other.substr(below(other.size() + 1)));
      }
    }
  }

  static constexpr std::string_view kWords[] = {"null",
                                                "[]",
                                                "{}",
                                                "\"\"",
                                                "-1",
                                                "1e999",
                                                "18446744073709551616",
                                                "\\u0000",
                                                "/",
                                                "/0",
                                                "/128",
                                                "::",
                                                "0.0.0",
                                                "255.",
                                                "ffff:",
                                                "\xff\xfe",
                                                "[[[[",
                                                "{\"a\":{\"a\":{\"a\":",
                                                "true",
                                                "65536",
                                                "\n",
                                                "%",
                                                "local/"};

  const std::vector<std::string>& seeds_;
  std::mt19937 random_{1};  // NOLINT: the same every time, on purpose
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  ::signal(SIGABRT, show_current);
  const auto seeds = read_corpus(argv[1]);
  if (seeds.empty()) {
    std::fprintf(stderr, "%s has no seeds\n", argv[1]);
    return 1;
  }
  try_one("");
  for (const auto& seed : seeds) try_one(seed);
  Mutator mutator(seeds);
  for (int i = 0; i < kMutations; ++i) try_one(mutator.next());
  std::printf("%zu seeds, %d mutations\n", seeds.size(), kMutations);
  return 0;
}
