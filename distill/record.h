/* record - one prediction as bytes (docs/formats.md, "Records").
 *
 * All records of a set have the same size, which its set_info tells: a header of 16 bytes (CRC-32, version, kind,
 * number of logits, largest logit), logits, features. 16-bit logits are kept as differences to the largest, so that
 * they are finest where they decide; top-K entries stand in the order of the logits before rounding, ties to the lower
 * class id. A class that was ruled out (-inf), or lies further below than 65504, is kept as 65504 below the largest.
 * The CRC goes over the uid and the record: a record under another uid is found out.
 */
#ifndef MAGISTER_DISTILL_RECORD_H
#define MAGISTER_DISTILL_RECORD_H

#include "distill/store.h"

/* Encodes and decodes the records of one kind of set; holds the scratch memory for it. One thread at a time. */
typedef struct record_coder record_coder;

/* Checks a set's description (names, sizes, k) and makes what is left open definite: k is the number of logits a record
 * has, min(k, C) with ENCODE_TOPK and C with ENCODE_DENSE. Errors: ERR_INPUT names the field. */
status set_info_check(set_info *info);

/* `info` has passed set_info_check. The caller frees it. Errors: ERR_MEMORY. */
status record_coder_new(const set_info *info, record_coder **out);
void record_coder_free(record_coder **coder);

size_t record_bytes(const record_coder *coder); /* of every record */

/* logits: (C); features: (feature_width) or NULL with FEATURES_NONE; out: (record_bytes). Errors: ERR_INPUT names the
 * uid and the first value that is not a number, or too large for float16. */
status record_encode(record_coder *coder, const char *uid, const float *logits, const float *features,
                     unsigned char *out);

/* Checks size, CRC, version, kind and class ids: ERR_INPUT names uid and what is wrong. `uid` need not end with NUL. */
status record_check(const record_coder *coder, const char *uid, size_t uid_length, const void *record, size_t bytes);

/* What follows is for records that record_check has passed. */

/* All C logits, `absent` for those not stored. */
void record_logits(const record_coder *coder, const void *record, float absent, float *logits);
/* The stored logits, largest first; classes and logits: (k). */
void record_sorted(record_coder *coder, const void *record, int32_t *classes, float *logits);
/* False when the record holds all classes in the order of their ids (then record_logits is the cheap form). */
bool record_is_sparse(const record_coder *coder);
void record_features(const record_coder *coder, const void *record, float *features);

/* A packed record (docs/formats.md) taken apart; borrowed. The uid does not end with NUL. */
typedef struct {
    const char *uid;
    size_t uid_length;
    const unsigned char *record;
    size_t bytes;
} packed_record;

/* Errors: ERR_INPUT for one that is cut off; the record itself is not looked at. */
status packed_read(const void *packed, size_t bytes, packed_record *out);

/* New memory: uid and record in one. Errors: ERR_INPUT for a uid that is too long, ERR_MEMORY. */
status packed_make(const char *uid, const void *record, size_t bytes, void **out, size_t *size);

#endif
