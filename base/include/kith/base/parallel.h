/// Parallel loops, deterministic sums and bounded pipelines: the only door to threads.
///
/// Behind it stands oneTBB, named in no public header.  What a loop computes never depends on the number of threads:
/// ranges are cut at fixed multiples of the grain, and sums are added in range order.
/// Fork and join carry ThreadSanitizer annotations, since the library's own synchronisation is not instrumented.
/// Exceptions thrown by a body (std::bad_alloc) reach the caller of the loop.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace kith {

/// A borrowed callable: no allocation, lives as long as the call it is passed to.
template <class Signature>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
      FunctionRef(F&& f)
  noexcept  // NOLINT(google-explicit-constructor): stands where a lambda is written
      : object_(AddressOf(f)), call_([](void* object, Args... args) -> R {
          return (*reinterpret_cast<std::add_pointer_t<F>>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  template <class F>
  static void* AddressOf(F& f) noexcept {
    if constexpr (std::is_function_v<F>) {
      return reinterpret_cast<void*>(&f);
    } else {
      return const_cast<void*>(static_cast<const void*>(std::addressof(f)));
    }
  }
  void* object_;
  R (*call_)(void*, Args...);
};

/// The threads a caller lends: an arena of its own, or the host's (base/tbb_runtime.h).
/// Threads: any number of threads may start loops on one Runtime.
class Runtime {
 public:
  /// threads = 0: the cores this process may use.
  explicit Runtime(int threads = 0);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] int threads() const noexcept;

  struct Impl;
  explicit Runtime(std::unique_ptr<Impl> impl) noexcept;
  [[nodiscard]] Impl& impl() const noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// Calls body(begin, end) for [0, n) cut at multiples of `grain`; the calls run in any order, on any thread.
void ParallelFor(const Runtime& runtime, std::size_t n, std::size_t grain,
                 FunctionRef<void(std::size_t begin, std::size_t end)> body);

/// Sum over the ranges of body(begin, end), added in range order: the same bits for any number of threads.
[[nodiscard]] double ParallelSum(const Runtime& runtime, std::size_t n, std::size_t grain,
                                 FunctionRef<double(std::size_t begin, std::size_t end)> body);

/// A bounded pipeline over the numbered slots [0, slots): produce(i, slot) for i = 0, 1, ... one at a time and in order
/// until it returns false; then transform(i, slot), several at once; then consume(i, slot) one at a time and in order.
/// At most `slots` items are in flight, each owning its slot from produce to the end of consume.
void ParallelPipeline(const Runtime& runtime, std::size_t slots,
                      FunctionRef<bool(std::size_t i, std::size_t slot)> produce,
                      FunctionRef<void(std::size_t i, std::size_t slot)> transform,
                      FunctionRef<void(std::size_t i, std::size_t slot)> consume);

/// Calls use(i, slot) for i = 0, 1, ... < n in order, on one thread, until it returns false; prepare(i, slot) runs
/// before, several at once and up to `slots` items ahead.  Item i owns slot i % slots from prepare to the end of use.
/// For a `use` that is itself parallel: its thread prepares an item only where nobody has begun to, so that it hardly
/// ever waits, and the others help it while enough is prepared.
void ParallelPrefetch(const Runtime& runtime, std::size_t n, std::size_t slots,
                      FunctionRef<void(std::size_t i, std::size_t slot)> prepare,
                      FunctionRef<bool(std::size_t i, std::size_t slot)> use);

}  // namespace kith
