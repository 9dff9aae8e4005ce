#include <string>
#include <unordered_map>

#include "key_index.h"
#include "kith/storage/graph_store.h"

namespace kith {

struct KeyTable::Impl {
  storage::KeyIndex users, items;
  std::unordered_map<std::string, std::string> names;  ///< by key, also of keys that are no item yet
};

KeyTable::KeyTable() : impl_(std::make_unique<Impl>()) {}
KeyTable::~KeyTable() = default;
KeyTable::KeyTable(KeyTable&&) noexcept = default;
KeyTable& KeyTable::operator=(KeyTable&&) noexcept = default;

std::optional<UserId> KeyTable::FindUser(std::string_view key) const {
  const auto id = impl_->users.Find(key);
  return id ? std::optional(UserId{*id}) : std::nullopt;
}

std::optional<ItemId> KeyTable::FindItem(std::string_view key) const {
  const auto id = impl_->items.Find(key);
  return id ? std::optional(ItemId{*id}) : std::nullopt;
}

std::string_view KeyTable::user_key(UserId user) const noexcept { return impl_->users.key(index(user)); }
std::string_view KeyTable::item_key(ItemId item) const noexcept { return impl_->items.key(index(item)); }
std::string_view KeyTable::item_name(ItemId item) const noexcept {
  if (impl_->names.empty()) return {};
  const auto found = impl_->names.find(std::string(item_key(item)));
  return found == impl_->names.end() ? std::string_view() : std::string_view(found->second);
}
std::uint32_t KeyTable::num_users() const noexcept { return impl_->users.size(); }
std::uint32_t KeyTable::num_items() const noexcept { return impl_->items.size(); }

void KeyTable::AddUser(std::string_view key) { impl_->users.FindOrAdd(key); }
void KeyTable::AddItem(std::string_view key) { impl_->items.FindOrAdd(key); }
void KeyTable::SetItemName(std::string_view item_key, std::string_view name) {
  impl_->names[std::string(item_key)] = name;
}

}  // namespace kith
