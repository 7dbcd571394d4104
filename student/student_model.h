/* student_model - the model that a recipe's student is: AVT-h over features of frames (avt.h), or a model of clips
 * (video_model.h) where the student sees those.
 *
 * Sizes are student.width, layers, heads, encoder, dropout and factored of the first kind, and student.network.* of the
 * second, whose published sizes stand in for 0.
 */
#ifndef MAGISTER_STUDENT_STUDENT_MODEL_H
#define MAGISTER_STUDENT_STUDENT_MODEL_H

#include "conf/recipe.h"
#include "data/annotations.h"
#include "student/video_model.h"

/* One of the two. An empty one is all zeros. */
typedef struct {
    avt *features;
    video_model *clips;
} student_model;

/* AVT-h over `inputs` numbers a frame of clips of `frames`; with student.factored `classes` gives verbs and nouns.
 * Drawn from the recipe's seed. Errors: those of avt_new; ERR_MEMORY. The caller frees it. */
status student_model_of_features(const recipe *r, const class_list *classes, int64_t inputs, int64_t frames,
                                 student_model *out);

/* The model of clips called student.model, for pictures as student.transform has them. Errors: those of
 * video_model_new; ERR_CONFIG for student.freeze. */
status student_model_of_clips(const recipe *r, size_t classes, student_model *out);

void student_model_free(student_model *m);

module *student_model_module(const student_model *m); /* its parameters; borrowed */
int64_t student_model_feature_width(const student_model *m);

/* seen: (B, T, inputs) features, or clips (B, T, size, size, 3) of bytes. `past`: classify past features too, with avt.
 * `attention`: give it where the model has one. */
video_output student_model_forward(const student_model *m, tensor *seen, bool past, bool attention);

#endif
