#include "trainer/events.h"

#include "base/file.h"

#include <errno.h>
#include <event.pb-c.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SCALARS_MOST = 16 };

struct events {
    FILE *file;
    char *path;
};

/* ---- check sums -------------------------------------------------------------------------------------------------- */

static const uint32_t POLYNOMIAL = 0x82f63b78; /* Castagnoli's, reflected */

uint32_t crc32c(const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    uint32_t crc = UINT32_MAX;
    while (count--) {
        crc ^= *at++;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0); /* records are short: no table */
    }
    return ~crc;
}

uint32_t crc32c_masked(const void *bytes, size_t count)
{
    uint32_t crc = crc32c(bytes, count);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void put_little_endian(unsigned char *to, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) to[i] = (unsigned char)(value >> 8 * i);
}

static bool write_record(FILE *file, const unsigned char *bytes, size_t count)
{
    unsigned char head[12], tail[4];
    put_little_endian(head, count, 8);
    put_little_endian(head + 8, crc32c_masked(head, 8), 4);
    put_little_endian(tail, crc32c_masked(bytes, count), 4);
    return fwrite(head, 1, sizeof head, file) == sizeof head && fwrite(bytes, 1, count, file) == count &&
           fwrite(tail, 1, sizeof tail, file) == sizeof tail && fflush(file) == 0;
}

static double wall_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static status write_event(events *e, Magister__Event *event)
{
    status st = OK;
    event->wall_time = wall_time();
    size_t count = magister__event__get_packed_size(event);
    unsigned char *bytes = malloc(count ? count : 1);
    if (!bytes) TRY(FAIL(ERR_MEMORY, "%s: no memory for a record", e->path));
    magister__event__pack(event, bytes);
    if (!write_record(e->file, bytes, count)) TRY(FAIL(ERR_IO, "%s: cannot write: %s", e->path, strerror(errno)));
done:
    free(bytes);
    return st;
}

status events_write(events *e, int64_t step, const event_scalar *scalars, size_t count)
{
    Magister__Summary__Value values[SCALARS_MOST], *pointers[SCALARS_MOST];
    if (count > SCALARS_MOST) return FAIL(ERR_INTERNAL, "%zu scalars are too many for one record", count);
    for (size_t i = 0; i < count; i++) {
        magister__summary__value__init(&values[i]);
        values[i].tag = (char *)scalars[i].tag; /* read only */
        values[i].simple_value = (float)scalars[i].value;
        pointers[i] = &values[i];
    }
    Magister__Summary summary = MAGISTER__SUMMARY__INIT;
    summary.n_value = count;
    summary.value = pointers;
    Magister__Event event = MAGISTER__EVENT__INIT;
    event.step = step;
    event.what_case = MAGISTER__EVENT__WHAT_SUMMARY;
    event.summary = &summary;
    return write_event(e, &event);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static status write_version(events *e)
{
    char version[] = "brain.Event:2";
    Magister__Event event = MAGISTER__EVENT__INIT;
    event.what_case = MAGISTER__EVENT__WHAT_FILE_VERSION;
    event.file_version = version;
    return write_event(e, &event);
}

status events_open(const char *directory, events **out)
{
    status st = OK;
    char host[65] = "";
    events *e = calloc(1, sizeof *e);
    if (!e) TRY(FAIL(ERR_MEMORY, "no memory for events"));
    TRY(directory_make(directory));
    gethostname(host, sizeof host - 1);
    if (asprintf(&e->path, "%s/events.out.tfevents.%010.0f.%s.%ld", directory, wall_time(), host, (long)getpid()) < 0) {
        e->path = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for the name of the events"));
    }
    e->file = fopen(e->path, "abe");
    if (!e->file) TRY(FAIL(ERR_CREATE, "%s: cannot create: %s", e->path, strerror(errno)));
    TRY(write_version(e));
    *out = e;
    e = NULL;
done:
    events_close(&e);
    return st;
}

void events_close(events **at)
{
    if (!at || !*at) return;
    if ((*at)->file) fclose((*at)->file);
    free((*at)->path);
    free(*at);
    *at = NULL;
}
