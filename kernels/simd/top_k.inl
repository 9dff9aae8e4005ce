// Scores of rows against one query, and the k best of many scores.

void Scores(const float* query, const float* items, Size n, Size d, float* scores) noexcept {
  Size i = 0;
  for (; i + 4 <= n; i += 4) {
    const float* row = items + i * d;
    const Lanes sum0 = DotLanes(query, row, d), sum1 = DotLanes(query, row + d, d),
                sum2 = DotLanes(query, row + 2 * d, d), sum3 = DotLanes(query, row + 3 * d, d);
    scores[i] = Sum(sum0);
    scores[i + 1] = Sum(sum1);
    scores[i + 2] = Sum(sum2);
    scores[i + 3] = Sum(sum3);
  }
  for (; i < n; ++i) scores[i] = Sum(DotLanes(query, items + i * d, d));
}

KITH_INLINE bool Better(Scored a, Scored b) { return a.score > b.score || (a.score == b.score && a.id < b.id); }

/// The first i >= begin with scores[i] > threshold, or >= where ties may enter; else n.
template <bool kTies>
KITH_INLINE Size NextAbove(const float* scores, Size begin, Size n, float threshold) {
  const Lanes level = Broadcast(threshold);
  const auto above = [level](Lanes v) __attribute__((always_inline)) { return kTies ? v >= level : v > level; };
  Size i = begin;
  for (; i + 4 * kLanes <= n; i += 4 * kLanes) {
    const MaskLanes any = above(Load(scores + i)) | above(Load(scores + i + kLanes)) |
                          above(Load(scores + i + 2 * kLanes)) | above(Load(scores + i + 3 * kLanes));
    if (MaskBits(any) != 0) break;
  }
  for (; i + kLanes <= n; i += kLanes) {
    const unsigned bits = MaskBits(above(Load(scores + i)));
    if (bits != 0) return i + static_cast<unsigned>(__builtin_ctz(bits));
  }
  while (i < n && !(kTies ? scores[i] >= threshold : scores[i] > threshold)) ++i;
  return i;
}

/// Puts `entry` into the free place `at` of the heap and lets it rise: the worst entry is at 0.
KITH_INLINE void Rise(Scored* heap, Size at, Scored entry) {
  while (at > 0) {
    const Size parent = (at - 1) / 2;
    if (!Better(heap[parent], entry)) break;
    heap[at] = heap[parent];
    at = parent;
  }
  heap[at] = entry;
}

/// Replaces the worst entry by `entry` and lets it sink.
KITH_INLINE void ReplaceWorst(Scored* heap, Size size, Scored entry) {
  Size at = 0;
  for (Size child = 1; child < size; child = 2 * at + 1) {
    if (child + 1 < size && Better(heap[child], heap[child + 1])) ++child;
    if (!Better(entry, heap[child])) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = entry;
}

Size OfferTopK(const float* scores, Size n, std::uint32_t first_id, const std::uint32_t* skip, Size skip_size,
               Scored* heap, Size size, Size k) noexcept {
  if (k == 0) return size;
  const std::uint32_t* const skip_end = skip + skip_size;
  for (Size i = 0; i < n; ++i) {
    if (size == k) {
      // Ids rise, so that once the worst entry has a smaller id no tie can beat it: long runs of ties are passed over.
      const bool ties = heap[0].id > first_id + i;
      i = ties ? NextAbove<true>(scores, i, n, heap[0].score) : NextAbove<false>(scores, i, n, heap[0].score);
      if (i == n) break;
    }
    const Scored offered{scores[i], first_id + static_cast<std::uint32_t>(i)};
    if (offered.score != offered.score) continue;
    if (size == k && !Better(offered, heap[0])) continue;
    while (skip != skip_end && *skip < offered.id) ++skip;
    if (skip != skip_end && *skip == offered.id) continue;
    if (size < k) {
      Rise(heap, size++, offered);
    } else {
      ReplaceWorst(heap, size, offered);
    }
  }
  return size;
}
