/// --config FILE.toml: option values by their long names, globals at the top, a table per command.
///
///   threads = 2
///   [train]
///   epochs = 20
///   without = ["friends"]
///
/// A value on the command line wins over the file, the file over the environment.  Everything that is wrong with the
/// file is a CLI::ConfigError, a usage error with file:line and a suggestion.
#pragma once

#include <CLI/CLI.hpp>
#include <istream>
#include <string>
#include <vector>

namespace kith::tools {

class ConfigFile : public CLI::Config {
 public:
  /// Borrows the program, whose commands and options name the tables and keys.
  explicit ConfigFile(const CLI::App& root) : root_(root) {}

  [[nodiscard]] std::string to_config(const CLI::App* app, bool defaults, bool descriptions,
                                      std::string prefix) const override;
  [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;

 private:
  const CLI::App& root_;
};

}  // namespace kith::tools
