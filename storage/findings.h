/// Findings: what one part of a check found wrong, a sentence each, in order; a hundred are enough to know.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace kith::storage {

class Findings {
 public:
  static constexpr std::size_t kMost = 100;

  void Add(std::string sentence) {
    if (sentences_.size() < kMost) sentences_.push_back(std::move(sentence));
  }
  void Add(Findings&& others) {
    for (std::string& sentence : others.sentences_) Add(std::move(sentence));
  }
  [[nodiscard]] std::vector<std::string> Take() && { return std::move(sentences_); }

 private:
  std::vector<std::string> sentences_;
};

}  // namespace kith::storage
