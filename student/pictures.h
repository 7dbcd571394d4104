/* pictures - how pictures stand in what a CNN reads, and how training changes them at random.
 *
 * A moment is a stack of frames; its pictures stand one behind the other as channels: (side, side, 3 x stack) bytes.
 *
 * Random changes belong to a whole clip, as a camera that stands elsewhere or light of another colour would: moved by
 * some pixels (what comes in from outside repeats the edge), mirrored, brighter or darker, of more or less contrast.
 * They depend on the sample's key alone.
 */
#ifndef MAGISTER_STUDENT_PICTURES_H
#define MAGISTER_STUDENT_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t pixels;              /* most that a clip moves by, in each direction */
    double brightness, contrast; /* deviations, in parts of the largest value, and of the contrast itself */
    bool flip;                   /* half of the clips are mirrored */
} picture_augment;

/* What becomes of every picture of a clip. */
typedef struct {
    int64_t right, down; /* pixels */
    bool mirrored;
    uint8_t values[256]; /* new value of each old one */
} picture_change;

/* No change at all. */
picture_change picture_unchanged(void);

picture_change picture_change_draw(const picture_augment *augment, uint64_t key);

/* One picture (side, side, 3) as number `slot` of the stack of a moment `out` (side, side, 3 x stack). */
void picture_place(const picture_change *change, const uint8_t *picture, size_t side, size_t slot, size_t stack,
                   uint8_t *out);

#endif
