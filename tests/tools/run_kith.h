/// The `kith` program as a user runs it: arguments and standard input in, exit status and what it printed out.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tools/scratch_folder.h"

namespace kith::testing {

/// Starts the program with the given descriptors as its standard streams; -1: /dev/null.
inline pid_t StartKith(const std::vector<std::string>& arguments, int in, int out, int err) {
  std::vector<char*> argv = {const_cast<char*>(KITH_PROGRAM)};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child > 0) return child;
  const int null = ::open("/dev/null", O_RDWR);
  ::dup2(in < 0 ? null : in, STDIN_FILENO);
  ::dup2(out < 0 ? null : out, STDOUT_FILENO);
  ::dup2(err < 0 ? null : err, STDERR_FILENO);
  ::unsetenv("KITH_STORE");
  ::execv(KITH_PROGRAM, argv.data());
  ::_exit(127);
}

/// The exit status, or 128 + the signal that ended it.
inline int WaitFor(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Ran {
  int status = -1;
  std::string out = {}, err = {};
};

inline Ran RunKith(const std::vector<std::string>& arguments, std::string_view input = {}) {
  const ScratchFolder folder;
  const auto open_new = [&folder](const char* name) {
    return ::open(folder.Path(name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  };
  const auto read_all = [&folder](const char* name) {
    std::ifstream file(folder.Path(name), std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const int in = ::open(folder.Write("in", input).c_str(), O_RDONLY | O_CLOEXEC);
  const int out = open_new("out"), err = open_new("err");
  const int status = WaitFor(StartKith(arguments, in, out, err));
  for (const int fd : {in, out, err}) ::close(fd);
  return {.status = status, .out = read_all("out"), .err = read_all("err")};
}

}  // namespace kith::testing
