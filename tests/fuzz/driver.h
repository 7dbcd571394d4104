/* driver - damages good files by a seed and has a target read them: what libFuzzer is for, where clang is not.
 *
 * A round is a function of (seed, round), so it can be shown again, and a campaign that was interrupted goes on where
 * it was. A target is one file that defines what is declared here; with libFuzzer it is linked without driver.c.
 */
#ifndef MAGISTER_TESTS_FUZZ_DRIVER_H
#define MAGISTER_TESTS_FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *bytes;
    size_t count;
} fuzz_piece;

#define FUZZ_PIECE(TEXT)                                                                                               \
    {                                                                                                                  \
        TEXT, sizeof TEXT - 1                                                                                          \
    }

typedef struct {
    const char *about;        /* what --help says */
    const fuzz_piece *pieces; /* (piece_count) bytes that mean something in these files */
    size_t piece_count;
    size_t tries; /* how often a round's bytes are read */
} fuzz_target;

extern const fuzz_target FUZZ_TARGET;

/* Of all that were tried: that are not all refused is what makes the rest worth something. */
extern size_t fuzz_files_read;

/* Reads the bytes; ends the process (abort) when they are neither read nor refused with a message. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
