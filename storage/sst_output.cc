#include "sst_output.h"

#include <utility>

namespace kith::storage {
namespace {

constexpr std::uint64_t kFileBytes = std::uint64_t{256} << 20;
constexpr std::uint64_t kRecordsBetweenLooks = 1 << 16;

}  // namespace

SstOutput::SstOutput(std::string folder, Family family)
    : folder_(std::move(folder)), family_(family), options_(Database::FileOptions(family)) {}

Status SstOutput::Add(std::string_view key, std::string_view value) {
  if (writer_ && records_ % kRecordsBetweenLooks == 0 && writer_->FileSize() >= kFileBytes)
    KITH_RETURN_IF_ERROR(Finish());
  if (!writer_) {
    files_.push_back(folder_ + "/" + std::string(Name(family_)) + "-" + std::to_string(files_.size()) + ".sst");
    writer_ = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(), options_);
    if (const auto opened = writer_->Open(files_.back()); !opened.ok())
      return FromRocks(opened, "writing", files_.back());
  }
  ++records_;
  const rocksdb::Status put = writer_->Put(ToSlice(key), ToSlice(value));
  if (put.ok()) return OkStatus();
  return FromRocks(put, "writing", files_.back());
}

Status SstOutput::Finish() {
  if (!writer_) return OkStatus();
  const rocksdb::Status finished = writer_->Finish();
  writer_.reset();
  records_ = 0;
  return FromRocks(finished, "writing", files_.back());
}

Status TakeOver(Database& database, const std::vector<SstOutput*>& outputs) {
  std::vector<rocksdb::IngestExternalFileArg> arguments;
  for (const SstOutput* output : outputs) {
    if (output->files().empty()) continue;
    rocksdb::IngestExternalFileArg argument;
    argument.column_family = database.family(output->family());
    argument.external_files = output->files();
    argument.options.move_files = true;
    argument.options.write_global_seqno = false;
    arguments.push_back(std::move(argument));
  }
  return FromRocks(database.rocks().IngestExternalFiles(arguments), "loading into", database.path());
}

}  // namespace kith::storage
