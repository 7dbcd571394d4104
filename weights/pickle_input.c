/* pickle_input - the bytes of a pickle, loaded from the file in growing pieces: nobody knows its length beforehand.
 */
#include "weights/pickle_machine.h"

#include <stdlib.h>

enum { LOAD_BYTES = 1 << 16 };

static status load(pickle_machine *m, size_t count)
{
    pickle_input *in = m->in;
    uint64_t most = in->most < PICKLE_BYTES_MOST ? in->most : PICKLE_BYTES_MOST, wanted = in->at + (uint64_t)count;
    if (wanted > most)
        return pickle_fail(m, wanted > in->most ? "the file ends in its description of the values"
                                                : "its description of the values is longer than 64 MiB");
    if (wanted < in->count + (uint64_t)LOAD_BYTES) wanted = in->count + (uint64_t)LOAD_BYTES;
    if (wanted < 2 * (uint64_t)in->count) wanted = 2 * (uint64_t)in->count;
    if (wanted > most) wanted = most;
    unsigned char *grown = realloc(in->bytes, (size_t)wanted);
    if (!grown) return FAIL(ERR_MEMORY, "%s: no memory to read it", in->file->path);
    in->bytes = grown;
    status st = bytes_read(in->file, in->base + in->count, grown + in->count, (size_t)wanted - in->count);
    if (st == OK) in->count = (size_t)wanted;
    return st;
}

status pickle_take(pickle_machine *m, uint64_t count, const unsigned char **out)
{
    pickle_input *in = m->in;
    if (count > PICKLE_BYTES_MOST) return pickle_fail(m, "is longer than 64 MiB");
    if (in->count - in->at < count) {
        status st = load(m, (size_t)count);
        if (st != OK) return st;
    }
    *out = in->bytes + in->at;
    in->at += (size_t)count;
    return OK;
}

status pickle_take_number(pickle_machine *m, size_t size, uint64_t *out)
{
    const unsigned char *at;
    status st = pickle_take(m, size, &at);
    if (st == OK) *out = bytes_number(at, size);
    return st;
}

status pickle_take_line(pickle_machine *m, char *out)
{
    const unsigned char *at;
    for (size_t i = 0; i < PICKLE_NAME_MOST; i++) {
        status st = pickle_take(m, 1, &at);
        if (st != OK) return st;
        out[i] = (char)*at;
        if (*at == '\0') break;
        if (*at != '\n') continue;
        out[i] = '\0';
        return OK;
    }
    return pickle_fail(m, "a name is too long or holds a NUL");
}
