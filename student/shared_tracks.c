#include "student/shared_tracks.h"

static status fill(void *self, void *to, size_t count)
{
    (void)count; /* shared_tracks_open has asked for tracks_packed_bytes */
    tracks_pack(self, to);
    return OK;
}

status shared_tracks_open(comm *c, const char *path, tracks **out, shared_bytes **bytes)
{
    status st = OK;
    tracks *t = NULL;
    shared_bytes *b = NULL;
    if (comm_rank(c) == 0) st = tracks_open(path, &t);
    TRY(comm_agree(c, st));
    bool pack = t && comm_size(c) > 1 && tracks_packed_bytes(t);
    TRY(comm_any(c, &pack));
    if (pack) {
        TRY(comm_share(c, t ? tracks_packed_bytes(t) : 0, fill, t, &b));
        tracks_close(&t);
        st = tracks_open_packed(path, shared_bytes_at(b), shared_bytes_count(b), &t);
    } else if (!t) {
        st = tracks_open(path, &t);
    }
    TRY(comm_agree(c, st));
    *out = t;
    *bytes = b;
    t = NULL;
    b = NULL;
done:
    tracks_close(&t);
    shared_bytes_free(&b);
    return st;
}
