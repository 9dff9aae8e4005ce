// Which instruction set runs: decided once, and never by a global constructor.
#include <cstdlib>
#include <string>
#include <string_view>

#include "kith/kernels/isa.h"
#include "table.h"

namespace kith::kernels {
namespace {

struct Tables {
  const Table* best_first[3] = {};
  std::size_t size = 0;

  Tables() noexcept {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (avx512) best_first[size++] = &kAvx512Table;
    if (avx2) best_first[size++] = &kAvx2Table;
#endif
    best_first[size++] = &kGenericTable;
  }
};

const Choice& TheChoice() {
  static const Choice choice = [] {
    const char* requested = std::getenv("KITH_ISA");
    return ChooseTable(requested != nullptr ? requested : "", AvailableTables());
  }();
  return choice;
}

}  // namespace

std::span<const Table* const> AvailableTables() noexcept {
  static const Tables tables;
  return {tables.best_first, tables.size};
}

Choice ChooseTable(std::string_view requested, std::span<const Table* const> available) {
  if (requested.empty()) return {available.front(), OkStatus()};
  std::string names;
  for (const Table* table : available) {
    if (requested == table->name) return {table, OkStatus()};
    names += std::string(names.empty() ? "" : ", ") + table->name;
  }
  const bool known = requested == "generic" || requested == "avx2" || requested == "avx512";
  return {available.front(),
          InvalidArgument("KITH_ISA=" + std::string(requested) +
                          (known ? ": this machine lacks that instruction set" : ": no such instruction set") +
                          "; it has " + names + "; unset KITH_ISA to take the best")};
}

const Table& ActiveTable() noexcept {
  static const Table& table = *TheChoice().table;
  return table;
}

std::string_view ActiveIsa() noexcept { return ActiveTable().name; }
Status CheckIsa() { return TheChoice().status; }

}  // namespace kith::kernels
