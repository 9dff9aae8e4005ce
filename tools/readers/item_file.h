/// Readable names of items, as `kith import --items` takes them.
#pragma once

#include <string>
#include <string_view>

#include "kith/base/parallel.h"
#include "kith/base/status.h"
#include "readers/edge_file.h"

namespace kith::tools {

/// Reads a table with a header: a column for the item (item, item_id, movieId, artist, id, ...) and one for its name
/// (name, title, ...), between tabs or, as in csv, commas; other columns are ignored; .gz and .zst are read through.
/// A name is 1-512 bytes of UTF-8 without control characters, or empty: an item without a name.
/// Errors and `visit`'s failures: as in ReadEdgeFile.
[[nodiscard]] Status ReadItemFile(const std::string& path, OnError on_error,
                                  FunctionRef<Status(std::string_view item, std::string_view name)> visit,
                                  DroppedRows& dropped);

}  // namespace kith::tools
