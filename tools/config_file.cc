#include "config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "suggest.h"

namespace kith::tools {
namespace {

[[noreturn]] void Refuse(const std::string& file, const toml::source_region& where, const std::string& sentence) {
  throw CLI::ConfigError(file + ":" + std::to_string(where.begin.line) + ": " + sentence);
}

std::string Scalar(const std::string& file, const std::string& key, const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) {
    char digits[64];
    return {digits, std::to_chars(digits, digits + sizeof digits, number->get()).ptr};
  }
  Refuse(file, node.source(), "expected a string, a number, true or false for \"" + key + "\", or a list of them");
}

std::vector<std::string> Values(const std::string& file, const std::string& key, const toml::node& node) {
  std::vector<std::string> values;
  if (const toml::array* list = node.as_array()) {
    for (const toml::node& element : *list) values.push_back(Scalar(file, key, element));
    if (values.empty()) Refuse(file, node.source(), "the list of \"" + key + "\" is empty; leave the key out");
  } else {
    values.push_back(Scalar(file, key, node));
  }
  return values;
}

/// The long options of `app` that a file may set.
std::vector<std::string> Keys(const CLI::App& app) {
  std::vector<std::string> keys;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_configurable()) continue;
    keys.insert(keys.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  return keys;
}

void AddItems(const std::string& file, const CLI::App& app, const std::vector<std::string>& parents,
              const toml::table& table, std::vector<CLI::ConfigItem>& items) {
  const std::vector<std::string> keys = Keys(app);
  for (const auto& [name, node] : table) {
    if (parents.empty() && node.is_table()) continue;
    const std::string key(name.str());
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      const std::string where = parents.empty() ? "" : " in [" + parents.front() + "]";
      Refuse(file, name.source(), "unknown key \"" + key + "\"" + where + DidYouMean(key, keys));
    }
    items.push_back({parents, key, Values(file, key, node)});
  }
}

}  // namespace

std::string ConfigFile::to_config(const CLI::App*, bool, bool, std::string) const { return {}; }

std::vector<CLI::ConfigItem> ConfigFile::from_config(std::istream& input) const {
  const std::string file = root_.get_config_ptr()->as<std::string>();
  if (std::filesystem::is_directory(file)) throw CLI::ConfigError(file + ": expected a TOML file, found a folder");
  std::vector<CLI::ConfigItem> found;
  try {
    const toml::table document = toml::parse(input, file);
    AddItems(file, root_, {}, document, found);
    const std::vector<std::string> commands = CommandNames(root_);
    for (const auto& [name, node] : document) {
      const toml::table* table = node.as_table();
      if (table == nullptr) continue;
      const std::string command(name.str());
      if (std::find(commands.begin(), commands.end(), command) == commands.end()) {
        Refuse(file, name.source(), "unknown table [" + command + "]" + DidYouMean(command, commands));
      }
      AddItems(file, *root_.get_subcommand(command), {command}, *table, found);
    }
  } catch (const toml::parse_error& error) {
    Refuse(file, error.source(), "not TOML: " + std::string(error.description()));
  }
  return found;
}

}  // namespace kith::tools
