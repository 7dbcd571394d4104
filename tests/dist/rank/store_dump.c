/* store_dump STORE - a line a record of every set, with the check sum of its bytes: stores that hold the same print the
 * same, however they were written. */
#include "base/hash.h"
#include "distill/store.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    store *from;
    const set_info *info;
    int64_t set;
} dump;

static status print_record(void *self, const stored_segment *at)
{
    const dump *d = self;
    void *packed = NULL;
    size_t bytes = 0;
    if (!at->predicted) return OK;
    status st = store_get_packed(d->from, d->set, at->uid, &packed, &bytes);
    if (st == OK) printf("%s %s %08x\n", d->info->name, at->uid, (unsigned)crc32_bytes(packed, bytes));
    free(packed);
    return st;
}

static status print_set(store *s, size_t i)
{
    static const char *const SPLITS[] = {"train", "development", "eval"};
    status st = OK;
    set_info info;
    dump d = {.from = s, .info = &info};
    TRY(store_set_at(s, i, &info, &d.set));
    printf("%s seed %lld role %s model %s complete %d records %lld\n", info.name, (long long)info.seed, info.role,
           info.model_hash, info.complete, (long long)info.count);
    for (size_t k = 0; k < sizeof SPLITS / sizeof SPLITS[0]; k++)
        TRY(store_scan(s, d.set, SPLITS[k], NULL, print_record, &d));
done:
    return st;
}

int main(int count, char **arguments)
{
    status st = OK;
    store *s = NULL;
    if (count != 2) return 64;
    TRY(store_open(arguments[1], STORE_READ, &s));
    for (size_t i = 0; i < store_set_count(s); i++) TRY(print_set(s, i));
done:
    store_close(&s);
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    return status_exit_code(st);
}
