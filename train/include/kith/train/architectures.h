/// The models that training makes, by their names on the command line: the one list that options, help, errors and
/// tests read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kith {

enum class ArchitectureKind : std::uint8_t {
  kLearned,     ///< layers over vectors, and the other evidences behind gates
  kClosedForm,  ///< a baseline of one evidence, counted or solved
  kPairwise,    ///< a baseline of one evidence, learned by BPR
};

struct Architecture {
  std::string_view name;
  ArchitectureKind kind;
  std::uint32_t width = 128, layers = 2;  ///< where the options name none
};

inline constexpr Architecture kArchitectures[] = {
    {"kith", ArchitectureKind::kLearned},
    {"lightgcn", ArchitectureKind::kLearned},
    {"gcn", ArchitectureKind::kLearned},
    {"sage", ArchitectureKind::kLearned},
    {"gat", ArchitectureKind::kLearned},
    {"gatv2", ArchitectureKind::kLearned},
    {"popularity", ArchitectureKind::kClosedForm},
    {"item-knn", ArchitectureKind::kClosedForm},
    {"user-knn", ArchitectureKind::kClosedForm},
    {"spectral", ArchitectureKind::kClosedForm},
    {"ease", ArchitectureKind::kClosedForm},
    {"ials", ArchitectureKind::kClosedForm},
    {"bpr-mf", ArchitectureKind::kPairwise, 64, 0},
    {"lightgcn-bpr", ArchitectureKind::kPairwise, 64, 3},
};

/// Null where there is none of that name.
[[nodiscard]] const Architecture* FindArchitecture(std::string_view name) noexcept;

/// "kith, lightgcn, ... or lightgcn-bpr".
[[nodiscard]] std::string ArchitectureNames();

}  // namespace kith
