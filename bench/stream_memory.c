/* Frames of a stream, and what memory they take: see stream_memory. */
#include "video/frame_stream.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIDE = 128, BYTES = SIDE * SIDE * 3, AT_ONCE = 16 };

static double resident_mebibytes(void)
{
    long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    if (file) fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

/* Memory when the first minute is over, where codecs and pools have what they need, and at the end. */
static status measure(const char *path, double snippet)
{
    status st = OK;
    static uint8_t pictures[AT_ONCE * BYTES];
    static const double WARM = 60;
    int64_t numbers[AT_ONCE], last = -1;
    double begin = monotonic_seconds(), warm = 0;
    size_t count = 0;
    bool ended = false;
    frame_stream *s = NULL;
    frame_stream_account a;
    const frame_stream_options o = {
        .snippet = snippet, .format = {SIDE, SIDE, FIT_CROP}, .ahead = AT_ONCE, .threads = 1, .stall = 60};
    TRY(frame_stream_open(path, &o, &s));
    while (!ended) {
        TRY(frame_stream_next(s, AT_ONCE, pictures, numbers, &count, &ended));
        if (count) last = numbers[count - 1];
        if (!warm && (double)last * snippet >= WARM) warm = resident_mebibytes();
    }
    frame_stream_account_read(s, &a);
    printf("%.0f s of input, %lld frames, %lld jumps, %lld replaced, in %.1f s; resident after a minute %.1f MiB, at "
           "the end %.1f MiB\n",
           a.seconds, (long long)a.given, (long long)a.jumps, (long long)a.replaced, monotonic_seconds() - begin, warm,
           resident_mebibytes());
    if (a.reason[0]) printf("first of what went wrong: %s\n", a.reason);
done:
    frame_stream_close(&s);
    return st;
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fprintf(stderr, "usage: %s INPUT SNIPPET\n", arguments[0]);
        return status_exit_code(ERR_USAGE);
    }
    status st = measure(arguments[1], atof(arguments[2]));
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    return status_exit_code(st);
}
