/* attention_examples - pictures of what a trained student looks at in a few clips of the eval part.
 *
 *   DIRECTORY/attention/1.png ...   as student/attention.h draws them, one a clip
 *   DIRECTORY/attention.json        written last: {version, clips: [{uid, label, label_name, predicted, predicted_name,
 *                                   probability, weights, file}]} (docs/formats.md)
 *
 * Which clips is a function of the eval part alone: they are spread over its classes.
 */
#ifndef MAGISTER_STUDENT_ATTENTION_EXAMPLES_H
#define MAGISTER_STUDENT_ATTENTION_EXAMPLES_H

#include "student/training.h"

enum { ATTENTION_EXAMPLES = 6 };

/* Chooses up to `most` of `count` segments: the first of every class, of these as many as wanted at even distances,
 * then second ones, and so on. Segments without a class stand behind all others. out: (most) places, in the order in
 * which they were chosen; returns how many. Errors: ERR_MEMORY. */
status attention_choose(const segment *at, size_t count, size_t most, size_t *out, size_t *chosen);

/* For a student of clips whose model has attention; others get nothing, nor do blind ones. One rank does it, after all
 * that was asked for has been taken. Training and predictions do not depend on it, so what goes wrong is a warning and
 * leaves no attention.json. */
void attention_examples_write(student *s, const char *directory);

#endif
