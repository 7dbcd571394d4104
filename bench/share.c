/* bench_share FILE [ROWS WIDTH] - what tracks of a CSV cost the ranks of a node: memory (PSS: what is shared counts
 * once) and time, where every rank reads them for itself and where they share what one has read. Makes FILE and removes
 * it.
 */
#include "base/clock.h"
#include "comm/comm.h"
#include "student/shared_tracks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VIDEO_FRAMES = 1000 };

static status write_file(const char *path, int rows, int width)
{
    FILE *file = fopen(path, "we");
    if (!file) return FAIL(ERR_CREATE, "%s: cannot create", path);
    fputs("video,frame", file);
    for (int w = 0; w < width; w++) fprintf(file, ",f%d", w);
    for (int r = 0; r < rows; r++) {
        fprintf(file, "\nv%d,%d", r / VIDEO_FRAMES, r % VIDEO_FRAMES);
        for (int w = 0; w < width; w++) fprintf(file, ",%.4f", (double)((r * 31 + w * 7) % 9973) / 9973);
    }
    fputc('\n', file);
    return fclose(file) ? FAIL(ERR_IO, "%s: cannot write", path) : OK;
}

/* This process's share of memory, MB; -1 where the kernel does not tell. */
static double pss_mb(void)
{
    char line[256];
    double kib = -1;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %lf kB", &kib) == 1) break;
    if (file) fclose(file);
    return kib * 1024e-6;
}

/* Reads all values, as training does sooner or later: pages that nobody has touched are nobody's. */
static status measure(comm *c, const char *path, bool shared)
{
    status st = OK;
    tracks *t = NULL;
    shared_bytes *bytes = NULL;
    double sums[3] = {0};
    TRY(comm_barrier(c));
    double before = pss_mb(), start = monotonic_seconds();
    TRY(comm_agree(c, shared ? shared_tracks_open(c, path, &t, &bytes) : tracks_open(path, &t)));
    sums[0] = monotonic_seconds() - start;
    TRY(comm_agree(c, tracks_check(t)));
    sums[1] = pss_mb() - before;
    TRY(comm_sum_f64(c, sums, 2));
    if (comm_rank(c) == 0)
        printf("%-26s %7.1f MB on %d ranks, %.2f s\n", shared ? "one reads, all look into it" : "every rank reads",
               sums[1], comm_size(c), sums[0] / comm_size(c));
    TRY(comm_barrier(c)); /* all have measured */
done:
    tracks_close(&t);
    shared_bytes_free(&bytes);
    return st;
}

int main(int count, char **arguments)
{
    status st = OK;
    comm *c = NULL;
    if (count != 2 && count != 4) return 64;
    int rows = count == 4 ? atoi(arguments[2]) : 20000, width = count == 4 ? atoi(arguments[3]) : 768;
    TRY(comm_open(0, 120, &c));
    TRY(comm_agree(c, comm_rank(c) ? OK : write_file(arguments[1], rows, width)));
    for (int again = 0; again < 2; again++)
        for (int shared = 0; shared < 2; shared++) TRY(measure(c, arguments[1], shared));
done:
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    if (c && comm_rank(c) == 0) unlink(arguments[1]);
    comm_close(&c);
    return status_exit_code(st);
}
