#include "distill/record.h"

#include "base/hash.h"
#include "distill/half.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { VERSION = 1, CRC_BYTES = 4, HEADER_BYTES = 16, CLASSES_MAX = 1 << 24, WIDTH_MAX = 1 << 24 };

/* What the low half of the kind byte says about the logits; the high half is store_features. */
typedef enum { DENSE_F32, ALL_F16, TOPK_U16, TOPK_U32 } logits_kind;

typedef struct {
    float logit;
    int32_t class;
} entry;

struct record_coder {
    set_info info;
    logits_kind kind;
    size_t classes, k, width; /* of the set, as sizes */
    size_t id_bytes, logits_bytes, features_bytes;
    entry *entries; /* (classes) */
};

/* ---- little-endian bytes ----------------------------------------------------------------------------------------- */

static void put_u16(unsigned char *at, uint32_t value)
{
    at[0] = (unsigned char)value;
    at[1] = (unsigned char)(value >> 8);
}

static void put_u32(unsigned char *at, uint32_t value)
{
    put_u16(at, value);
    put_u16(at + 2, value >> 16);
}

static uint32_t get_u16(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get_u32(const unsigned char *at)
{
    return get_u16(at) | get_u16(at + 2) << 16;
}

static void put_f32(unsigned char *at, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_u32(at, bits);
}

static float get_f32(const unsigned char *at)
{
    uint32_t bits = get_u32(at);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- the coder --------------------------------------------------------------------------------------------------- */

static bool ends_within(const char *text, size_t size)
{
    return memchr(text, '\0', size);
}

status set_info_check(set_info *info)
{
    if (!ends_within(info->name, sizeof info->name) || !info->name[0] || !ends_within(info->role, sizeof info->role) ||
        !ends_within(info->model_hash, sizeof info->model_hash) ||
        !ends_within(info->vocabulary_hash, sizeof info->vocabulary_hash) ||
        !ends_within(info->recipe_hash, sizeof info->recipe_hash))
        return FAIL(ERR_INPUT, "prediction set: a name or hash is empty or too long");
    if (info->seed < 0)
        return FAIL(ERR_INPUT, "prediction set %s: seed %" PRId64 " is negative", info->name, info->seed);
    if (info->encoding != ENCODE_DENSE && info->encoding != ENCODE_TOPK)
        return FAIL(ERR_INPUT, "prediction set %s: unknown encoding %d", info->name, (int)info->encoding);
    if (info->features != FEATURES_NONE && info->features != FEATURES_F16 && info->features != FEATURES_F32)
        return FAIL(ERR_INPUT, "prediction set %s: unknown type %d of features", info->name, (int)info->features);
    if (info->classes < 0 || info->classes > CLASSES_MAX)
        return FAIL(ERR_INPUT, "prediction set %s: %" PRId64 " classes (0 to %d are possible)", info->name,
                    info->classes, CLASSES_MAX);
    if (info->classes == 0 && (info->features == FEATURES_NONE || info->encoding != ENCODE_DENSE))
        return FAIL(ERR_INPUT, "prediction set %s: without classes it is dense and has features, nothing else",
                    info->name);
    if (info->encoding == ENCODE_TOPK && info->k < 1)
        return FAIL(ERR_INPUT, "prediction set %s: k is %" PRId64 ", it must be at least 1", info->name, info->k);
    if (info->feature_width < 0 || info->feature_width > WIDTH_MAX ||
        (info->feature_width == 0) != (info->features == FEATURES_NONE))
        return FAIL(ERR_INPUT, "prediction set %s: feature width %" PRId64 " does not fit its type of features",
                    info->name, info->feature_width);
    if (info->encoding == ENCODE_DENSE || info->k > info->classes) info->k = info->classes;
    return OK;
}

static logits_kind kind_of(const set_info *info)
{
    if (info->encoding == ENCODE_DENSE) return DENSE_F32;
    if (info->k == info->classes) return ALL_F16; /* ids would only repeat 0, 1, 2 ... */
    return info->classes <= UINT16_MAX + 1 ? TOPK_U16 : TOPK_U32;
}

status record_coder_new(const set_info *info, record_coder **out)
{
    static const size_t ID_BYTES[] = {[TOPK_U16] = 2, [TOPK_U32] = 4}, LOGIT_BYTES[] = {4, 2, 2, 2};
    static const size_t FEATURE_BYTES[] = {[FEATURES_F16] = 2, [FEATURES_F32] = 4};
    record_coder *coder = malloc(sizeof *coder);
    entry *entries = malloc(((size_t)info->classes + 1) * sizeof *entries);
    if (!coder || !entries) {
        free(coder);
        free(entries);
        return FAIL(ERR_MEMORY, "no memory for records of %" PRId64 " classes", info->classes);
    }
    logits_kind kind = kind_of(info);
    size_t k = (size_t)info->k, width = (size_t)info->feature_width;
    *coder = (record_coder){.info = *info,
                            .kind = kind,
                            .classes = (size_t)info->classes,
                            .k = k,
                            .width = width,
                            .id_bytes = k * ID_BYTES[kind],
                            .logits_bytes = k * LOGIT_BYTES[kind],
                            .features_bytes = width * FEATURE_BYTES[info->features],
                            .entries = entries};
    *out = coder;
    return OK;
}

void record_coder_free(record_coder **coder)
{
    if (!*coder) return;
    free((*coder)->entries);
    free(*coder);
    *coder = NULL;
}

size_t record_bytes(const record_coder *coder)
{
    return HEADER_BYTES + coder->id_bytes + coder->logits_bytes + coder->features_bytes;
}

bool record_is_sparse(const record_coder *coder)
{
    return coder->kind == TOPK_U16 || coder->kind == TOPK_U32;
}

static unsigned char kind_byte(const record_coder *coder)
{
    return (unsigned char)(coder->kind | (unsigned)coder->info.features << 4);
}

static uint32_t check_sum(const char *uid, size_t uid_length, const unsigned char *record, size_t bytes)
{
    uLong crc = crc32_z(0, (const unsigned char *)uid, uid_length);
    return (uint32_t)crc32_z(crc, record + CRC_BYTES, bytes - CRC_BYTES);
}

/* ---- encoding ---------------------------------------------------------------------------------------------------- */

/* True when a ranks before b: the larger logit, or the lower id. */
static inline bool before(entry a, entry b)
{
    return a.logit > b.logit || (a.logit == b.logit && a.class < b.class);
}

/* Moves heap[at] down until its children rank before it: the heap's root is the entry that ranks last. */
static void sift_down(entry *heap, size_t count, size_t at)
{
    entry moving = heap[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(heap[child], heap[child + 1])) child++;
        if (!before(moving, heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

/* The first k by rank, sorted, into heap (k); O(C log k), and near O(C) where k is small. */
static void select_top(const float *logits, size_t classes, entry *heap, size_t k)
{
    for (size_t i = 0; i < k; i++) heap[i] = (entry){logits[i], (int32_t)i};
    for (size_t i = k / 2; i-- > 0;) sift_down(heap, k, i);
    for (size_t i = k; i < classes; i++) {
        entry next = {logits[i], (int32_t)i};
        if (!before(next, heap[0])) continue;
        heap[0] = next;
        sift_down(heap, k, 0);
    }
    for (size_t left = k; left-- > 1;) {
        entry last = heap[0];
        heap[0] = heap[left];
        heap[left] = last;
        sift_down(heap, left, 0);
    }
}

/* The largest logit. Errors name the first that is not a number, or that none is finite. */
static status find_largest(const record_coder *coder, const char *uid, const float *logits, float *largest)
{
    float most = coder->classes ? -INFINITY : 0;
    for (size_t i = 0; i < coder->classes; i++) {
        if (isnan(logits[i]) || logits[i] == INFINITY)
            return FAIL(ERR_INPUT, "set %s, uid %s: logit %zu is %f: the model's output is broken", coder->info.name,
                        uid, i, (double)logits[i]);
        if (logits[i] > most) most = logits[i];
    }
    if (most == -INFINITY)
        return FAIL(ERR_INPUT, "set %s, uid %s: every logit is -inf: the model rules out all classes", coder->info.name,
                    uid);
    *largest = most;
    return OK;
}

static float below_largest(float logit, float largest)
{
    float difference = logit - largest;
    return difference < -HALF_MAX ? -HALF_MAX : difference;
}

static void encode_dense(const record_coder *coder, const float *logits, float largest, unsigned char *at)
{
    for (size_t i = 0; i < coder->classes; i++)
        put_f32(at + 4 * i, logits[i] == -INFINITY ? largest - HALF_MAX : logits[i]);
}

static void encode_all(const record_coder *coder, const float *logits, float largest, unsigned char *at)
{
    for (size_t i = 0; i < coder->classes; i++) put_u16(at + 2 * i, half_from_float(below_largest(logits[i], largest)));
}

static void encode_top(record_coder *coder, const float *logits, float largest, unsigned char *at)
{
    unsigned char *halves = at + coder->id_bytes;
    select_top(logits, coder->classes, coder->entries, coder->k);
    for (size_t i = 0; i < coder->k; i++) {
        uint32_t class = (uint32_t)coder->entries[i].class;
        if (coder->kind == TOPK_U16) put_u16(at + 2 * i, class);
        else put_u32(at + 4 * i, class);
        put_u16(halves + 2 * i, half_from_float(below_largest(coder->entries[i].logit, largest)));
    }
}

static status encode_features(const record_coder *coder, const char *uid, const float *features, unsigned char *at)
{
    const float most = coder->info.features == FEATURES_F16 ? HALF_MAX : INFINITY;
    for (size_t i = 0; i < coder->width; i++)
        if (!isfinite(features[i]) || fabsf(features[i]) > most)
            return FAIL(ERR_INPUT, "set %s, uid %s: feature %zu is %g%s", coder->info.name, uid, i, (double)features[i],
                        isfinite(features[i]) ? ": too large for float16 (store float32)"
                                              : ": the model's output is broken");
    if (coder->info.features == FEATURES_F16) half_store(features, coder->width, at);
    else
        for (size_t i = 0; i < coder->width; i++) put_f32(at + 4 * i, features[i]);
    return OK;
}

status record_encode(record_coder *coder, const char *uid, const float *logits, const float *features,
                     unsigned char *out)
{
    status st = OK;
    float largest = 0;
    unsigned char *at = out + HEADER_BYTES;
    if (coder->width && !features)
        TRY(FAIL(ERR_INPUT, "set %s, uid %s: %zu features are missing", coder->info.name, uid, coder->width));
    TRY(find_largest(coder, uid, logits, &largest));
    if (coder->kind == DENSE_F32) encode_dense(coder, logits, largest, at);
    else if (coder->kind == ALL_F16) encode_all(coder, logits, largest, at);
    else encode_top(coder, logits, largest, at);
    if (coder->width) TRY(encode_features(coder, uid, features, at + coder->id_bytes + coder->logits_bytes));

    out[4] = VERSION;
    out[5] = kind_byte(coder);
    put_u16(out + 6, 0);
    put_u32(out + 8, (uint32_t)coder->k);
    put_f32(out + 12, largest);
    put_u32(out, check_sum(uid, strlen(uid), out, record_bytes(coder)));
done:
    return st;
}

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

static uint32_t class_at(const record_coder *coder, const unsigned char *record, size_t i)
{
    const unsigned char *ids = record + HEADER_BYTES;
    return coder->kind == TOPK_U16 ? get_u16(ids + 2 * i) : get_u32(ids + 4 * i);
}

static bool logits_are_finite(const record_coder *coder, const unsigned char *record)
{
    const unsigned char *at = record + HEADER_BYTES + coder->id_bytes;
    uint32_t wrong = (get_u32(record + 12) & 0x7f800000) == 0x7f800000; /* an exponent of all ones is inf or NaN */
    for (size_t i = 0; i < coder->k; i++)
        wrong |= coder->kind == DENSE_F32 ? (get_u32(at + 4 * i) & 0x7f800000) == 0x7f800000
                                          : (get_u16(at + 2 * i) & 0x7c00) == 0x7c00;
    return !wrong;
}

status record_check(const record_coder *coder, const char *uid, size_t uid_length, const void *bytes_of_record,
                    size_t bytes)
{
    const unsigned char *record = bytes_of_record;
    const char *set = coder->info.name;
    int length = (int)(uid_length < 200 ? uid_length : 200);
    if (bytes != record_bytes(coder))
        return FAIL(ERR_INPUT, "set %s, uid %.*s: its record has %zu bytes instead of %zu", set, length, uid, bytes,
                    record_bytes(coder));
    if (get_u32(record) != check_sum(uid, uid_length, record, bytes))
        return FAIL(ERR_INPUT, "set %s, uid %.*s: its record is damaged (CRC-32 is wrong)", set, length, uid);
    if (record[4] != VERSION || record[5] != kind_byte(coder) || get_u16(record + 6) || get_u32(record + 8) != coder->k)
        return FAIL(ERR_INPUT, "set %s, uid %.*s: its record is of another version or kind (%d, %#x)", set, length, uid,
                    record[4], (unsigned)record[5]);
    for (size_t i = 0; record_is_sparse(coder) && i < coder->k; i++)
        if (class_at(coder, record, i) >= coder->classes)
            return FAIL(ERR_INPUT, "set %s, uid %.*s: class %u of %zu", set, length, uid,
                        (unsigned)class_at(coder, record, i), coder->classes);
    if (!logits_are_finite(coder, record))
        return FAIL(ERR_INPUT, "set %s, uid %.*s: a logit is not finite", set, length, uid);
    return OK;
}

/* The stored logits in their order in the record: (k). */
static void stored_logits(const record_coder *coder, const unsigned char *record, float *logits)
{
    const unsigned char *at = record + HEADER_BYTES + coder->id_bytes;
    if (coder->kind == DENSE_F32) {
        for (size_t i = 0; i < coder->k; i++) logits[i] = get_f32(at + 4 * i);
        return;
    }
    float largest = get_f32(record + 12);
    half_load(at, coder->k, logits);
    for (size_t i = 0; i < coder->k; i++) logits[i] += largest;
}

void record_logits(const record_coder *coder, const void *record, float absent, float *logits)
{
    if (!record_is_sparse(coder)) {
        stored_logits(coder, record, logits);
        return;
    }
    const unsigned char *at = record, *halves = at + HEADER_BYTES + coder->id_bytes;
    float largest = get_f32(at + 12);
    for (size_t i = 0; i < coder->classes; i++) logits[i] = absent;
    for (size_t i = 0; i < coder->k; i++)
        logits[class_at(coder, at, i)] = largest + half_to_float((uint16_t)get_u16(halves + 2 * i));
}

static int by_rank(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return before(*y, *x) - before(*x, *y);
}

void record_sorted(record_coder *coder, const void *record, int32_t *classes, float *logits)
{
    stored_logits(coder, record, logits);
    if (record_is_sparse(coder)) {
        for (size_t i = 0; i < coder->k; i++) classes[i] = (int32_t)class_at(coder, record, i);
        return;
    }
    for (size_t i = 0; i < coder->k; i++) coder->entries[i] = (entry){logits[i], (int32_t)i};
    qsort(coder->entries, coder->k, sizeof *coder->entries, by_rank);
    for (size_t i = 0; i < coder->k; i++) {
        classes[i] = coder->entries[i].class;
        logits[i] = coder->entries[i].logit;
    }
}

void record_features(const record_coder *coder, const void *record, float *features)
{
    const unsigned char *at = (const unsigned char *)record + HEADER_BYTES + coder->id_bytes + coder->logits_bytes;
    if (coder->info.features == FEATURES_F16) half_load(at, coder->width, features);
    else
        for (size_t i = 0; i < coder->width; i++) features[i] = get_f32(at + 4 * i);
}

/* ---- packed ------------------------------------------------------------------------------------------------------ */

enum { LENGTH_BYTES = 2 }; /* a packed record is the uid's length, the uid, and the record */

status packed_read(const void *packed, size_t bytes, packed_record *out)
{
    const unsigned char *at = packed;
    size_t length = bytes >= LENGTH_BYTES ? (size_t)(at[0] | at[1] << 8) : 0;
    if (bytes < LENGTH_BYTES || bytes - LENGTH_BYTES < length)
        return FAIL(ERR_INPUT, "a packed record of %zu bytes is cut off", bytes);
    *out = (packed_record){.uid = (const char *)at + LENGTH_BYTES,
                           .uid_length = length,
                           .record = at + LENGTH_BYTES + length,
                           .bytes = bytes - LENGTH_BYTES - length};
    return OK;
}

status packed_make(const char *uid, const void *record, size_t bytes, void **out, size_t *size)
{
    size_t length = strlen(uid);
    if (length > UINT16_MAX) return FAIL(ERR_INPUT, "a uid of %zu bytes (%.40s...) is too long", length, uid);
    unsigned char *packed = malloc(LENGTH_BYTES + length + bytes);
    if (!packed) return FAIL(ERR_MEMORY, "no memory for a record of %zu bytes", bytes);
    packed[0] = (unsigned char)length;
    packed[1] = (unsigned char)(length >> 8);
    memcpy(packed + LENGTH_BYTES, uid, length);
    memcpy(packed + LENGTH_BYTES + length, record, bytes);
    *out = packed;
    *size = LENGTH_BYTES + length + bytes;
    return OK;
}
