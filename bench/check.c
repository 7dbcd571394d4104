/* bench_check SEED COUNT FOLDER CLIP ... - COUNT damaged copies of the clips, in turns, for bench/check. The same words
 * make the same files.
 */
#include "base/file.h"
#include "tests/fault/video/mutate.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLIP_BYTES_MOST = 1 << 26 };

static status write_copy(uint64_t seed, size_t number, const char *folder, const char *clip)
{
    status st = OK;
    char *bytes = NULL, *changed = NULL, *path = NULL;
    size_t count = 0;
    rng r = rng_stream(seed, 0, number);
    const char *ending = strrchr(clip, '.');
    TRY(file_read(clip, CLIP_BYTES_MOST, &bytes, &count));
    changed = malloc(count + 1);
    if (!changed || asprintf(&path, "%s/%05zu%s", folder, number, ending ? ending : ".mp4") < 0) {
        path = NULL;
        TRY(FAIL(ERR_MEMORY, "no memory for a copy of %s", clip));
    }
    count = mutate(&r, bytes, count, changed);
    TRY(file_put(path, changed, count));
done:
    free(bytes);
    free(changed);
    free(path);
    return st;
}

int main(int argc, char **argv)
{
    status st = argc > 4 ? OK : FAIL(ERR_USAGE, "bench_check SEED COUNT FOLDER CLIP ...");
    size_t count = argc > 4 ? strtoull(argv[2], NULL, 10) : 0;
    for (size_t i = 0; st == OK && i < count; i++)
        st = write_copy(strtoull(argv[1], NULL, 10), i, argv[3], argv[4 + i % (size_t)(argc - 4)]);
    if (st != OK) fprintf(stderr, "%s\n", fail_message());
    return status_exit_code(st);
}
