/// Log sink: where the library says what it is doing. The host passes one in; there is no global logger.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace kith {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// May be called from several threads at once; an empty sink is silence.
using LogSink = std::function<void(LogLevel, std::string_view)>;

inline void Log(const LogSink& sink, LogLevel level, std::string_view message) {
  if (sink) sink(level, message);
}

/// A sink that writes "warning: message" lines to standard error, from `least` upwards; information has no word before
/// it.
[[nodiscard]] LogSink StderrLog(LogLevel least = LogLevel::kInfo);

}  // namespace kith
