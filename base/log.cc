#include "kith/base/log.h"

#include <cstdio>
#include <string>

namespace kith {
namespace {

std::string_view Prefix(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug: ";
    case LogLevel::kInfo:
      return "";
    case LogLevel::kWarning:
      return "warning: ";
    case LogLevel::kError:
      return "error: ";
  }
  return "";
}

}  // namespace

LogSink StderrLog(LogLevel least) {
  return [least](LogLevel level, std::string_view message) {
    if (level < least) return;
    std::string line(Prefix(level));
    line.append(message).push_back('\n');
    std::fwrite(line.data(), 1, line.size(), stderr);  // one call a line: lines of several threads do not mix
  };
}

}  // namespace kith
