/* SPDX-License-Identifier: GPL-2.0-only */
/* How a struct that both sides read is written down.
 *
 * Fixed-width types, no pointers, no bool, no bit-fields, no implicit padding.
 * The size is spelled as the sum of the fields: if the sum and sizeof() disagree
 * there is a hole, and a hole in a map key is garbage in the hash.
 */
#ifndef FL_SHARED_LAYOUT_H
#define FL_SHARED_LAYOUT_H

#include <linux/types.h>

#ifdef __cplusplus
#define FL_STATIC_ASSERT(cond, msg) static_assert(cond, msg)
#else
#define FL_STATIC_ASSERT(cond, msg) _Static_assert(cond, msg)
#endif

/* clang-format off */
#define FL_LAYOUT(type, sum) \
	FL_STATIC_ASSERT(sizeof(struct type) == (sum), #type ": hidden padding or ABI change")
#define FL_FIELD_AT(type, field, off) \
	FL_STATIC_ASSERT(__builtin_offsetof(struct type, field) == (off), #type "." #field " moved")
/* clang-format on */

#endif
