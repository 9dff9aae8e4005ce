#include "readers/text_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "command.h"
#include "readers/found_text.h"

namespace kith::tools {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
using Bytes = std::unique_ptr<char[]>;

/// An open file, read in blocks.
class Blocks {
 public:
  explicit Blocks(int fd) : fd_(fd) {}
  ~Blocks() { ::close(fd_); }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  /// As TextSource::Next.
  Result<std::string_view> Next() {
    if (!unread_.empty()) return std::exchange(unread_, {});
    return Read(0);
  }
  /// Gives back the first bytes, for whoever comes next.  At least four, unless the file is shorter.
  Result<std::string_view> Peek() {
    while (unread_.size() < 4) {
      KITH_ASSIGN_OR_RETURN(const std::string_view more, Read(unread_.size()));
      if (more.empty()) break;
      unread_ = {buffer_.get(), unread_.size() + more.size()};
    }
    return unread_;
  }

 private:
  Result<std::string_view> Read(std::size_t at) {
    ssize_t count = 0;
    do {
      // A pipe may keep us waiting for ever: an interrupt must end that.
      if (Interrupted()) return Cancelled("interrupted while reading");
      count = ::read(fd_, buffer_.get() + at, kChunkBytes - at);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return BadInput(std::string("cannot be read: ") + std::strerror(errno));
    return std::string_view(buffer_.get() + at, static_cast<std::size_t>(count));
  }

  int fd_;
  Bytes buffer_ = std::make_unique_for_overwrite<char[]>(kChunkBytes);
  std::string_view unread_;
};

class PlainSource final : public TextSource {
 public:
  explicit PlainSource(std::unique_ptr<Blocks> blocks) : blocks_(std::move(blocks)) {}
  Result<std::string_view> Next() override { return blocks_->Next(); }

 private:
  std::unique_ptr<Blocks> blocks_;
};

/// A gzip file is one member after another; zeros may pad its end.
class GzipSource final : public TextSource {
 public:
  explicit GzipSource(std::unique_ptr<Blocks> blocks) : blocks_(std::move(blocks)) {
    constexpr int kGzipOnly = 15 + 16;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~GzipSource() override { inflateEnd(&stream_); }

  Result<std::string_view> Next() override {
    for (;;) {
      if (stream_.avail_in == 0) {
        KITH_ASSIGN_OR_RETURN(const std::string_view block, blocks_->Next());
        if (block.empty() && between_members_) return block;
        if (block.empty()) return BadInput("ends in the middle of the gzip stream; copy or download the file again");
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(block.data()));  // zlib reads it only
        stream_.avail_in = static_cast<uInt>(block.size());
      }
      if (between_members_ && members_ > 0) {
        while (stream_.avail_in > 0 && *stream_.next_in == 0) {
          ++stream_.next_in;
          --stream_.avail_in;
        }
        if (stream_.avail_in == 0) continue;
      }
      between_members_ = false;
      stream_.next_out = reinterpret_cast<Bytef*>(output_.get());
      stream_.avail_out = static_cast<uInt>(kChunkBytes);
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        ++members_;
        between_members_ = true;
        inflateReset(&stream_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return BadInput(std::string("damaged gzip stream (") + (stream_.msg ? stream_.msg : zError(code)) +
                        "); copy or download the file again");
      }
      const std::size_t made = kChunkBytes - stream_.avail_out;
      if (made > 0) return std::string_view(output_.get(), made);
    }
  }

 private:
  std::unique_ptr<Blocks> blocks_;
  Bytes output_ = std::make_unique_for_overwrite<char[]>(kChunkBytes);
  z_stream stream_ = {};
  std::uint64_t members_ = 0;
  bool between_members_ = false;
};

class ZstdSource final : public TextSource {
 public:
  explicit ZstdSource(std::unique_ptr<Blocks> blocks) : blocks_(std::move(blocks)), stream_(ZSTD_createDStream()) {
    if (stream_ == nullptr) throw std::bad_alloc();
  }
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }

  Result<std::string_view> Next() override {
    for (;;) {
      if (input_.pos == input_.size && !more_output_) {
        KITH_ASSIGN_OR_RETURN(const std::string_view block, blocks_->Next());
        if (block.empty() && frame_done_) return block;
        if (block.empty()) return BadInput("ends in the middle of the zstd stream; copy or download the file again");
        input_ = {block.data(), block.size(), 0};
      }
      ZSTD_outBuffer output = {output_.get(), kChunkBytes, 0};
      const std::size_t code = ZSTD_decompressStream(stream_, &output, &input_);
      if (ZSTD_isError(code) != 0) {
        return BadInput(std::string("damaged zstd stream (") + ZSTD_getErrorName(code) +
                        "); copy or download the file again");
      }
      frame_done_ = code == 0;
      more_output_ = output.pos == output.size && !frame_done_;
      if (output.pos > 0) return std::string_view(output_.get(), output.pos);
    }
  }

 private:
  std::unique_ptr<Blocks> blocks_;
  Bytes output_ = std::make_unique_for_overwrite<char[]>(kChunkBytes);
  ZSTD_DStream* stream_;
  ZSTD_inBuffer input_ = {};
  bool frame_done_ = false, more_output_ = false;
};

}  // namespace

Result<std::unique_ptr<TextSource>> TextSource::Open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::string why = errno == ENOENT ? "no such file" : std::string("cannot be opened: ") + std::strerror(errno);
    return BadInput(path + ": " + why);
  }
  auto blocks = std::make_unique<Blocks>(fd);
  struct stat entry = {};
  if (::fstat(fd, &entry) == 0 && S_ISDIR(entry.st_mode)) {
    return BadInput(path + ": expected a file, found a directory; name the files in it");
  }
  const Result<std::string_view> first = blocks->Peek();
  if (!first.ok()) return first.status().WithContext(path);
  if (first->starts_with("\x1f\x8b")) return std::unique_ptr<TextSource>(new GzipSource(std::move(blocks)));
  // Parallel writers begin with a skippable frame, 0x184D2A5?.
  const bool skippable = first->size() >= 4 && ((*first)[0] & 0xF0) == 0x50 && first->substr(1, 3) == "\x2a\x4d\x18";
  if (skippable || first->starts_with("\x28\xb5\x2f\xfd")) {
    return std::unique_ptr<TextSource>(new ZstdSource(std::move(blocks)));
  }
  // What is left of an archive, or a server's page that took its place, would read as strange rows.
  for (const auto& [ending, stream] : {std::pair{".gz", "gzip"}, std::pair{".zst", "zstd"}}) {
    if (!path.ends_with(ending) || first->empty()) continue;
    return BadInput(path + ":1: expected a " + stream + " stream, as the name says, found " +
                    FoundText(first->substr(0, 8)) + "; copy or download the file again, or name it otherwise");
  }
  return std::unique_ptr<TextSource>(new PlainSource(std::move(blocks)));
}

}  // namespace kith::tools
