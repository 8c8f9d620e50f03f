// Log-linear: 64 buckets for each power of two, the first 64 values exact.
#include "bench_tool.h"

static unsigned bucket_of(uint64_t ns) {
  if (ns < 64) return (unsigned)ns;
  const unsigned power = 63 - (unsigned)__builtin_clzll(ns);
  const unsigned bucket = (power - 5) * 64 + (unsigned)((ns >> (power - 6)) & 63);
  return bucket < kBuckets ? bucket : kBuckets - 1;
}

static double middle_of(unsigned bucket) {
  if (bucket < 64) return bucket;
  const unsigned power = bucket / 64 + 5;
  const double width = (double)(1ULL << (power - 6));
  return (double)(1ULL << power) + ((bucket % 64) + 0.5) * width;
}

void histogram_add(struct histogram* h, uint64_t ns) {
  h->count[bucket_of(ns)]++;
  h->total++;
  h->sum += ns;
  if (ns > h->largest) h->largest = ns;
}

double histogram_at(const struct histogram* h, double share) {
  const double wanted = share * (double)h->total;
  uint64_t seen = 0;
  for (unsigned i = 0; i < kBuckets; i++) {
    seen += h->count[i];
    if (seen > 0 && (double)seen >= wanted) return middle_of(i);
  }
  return (double)h->largest;
}
