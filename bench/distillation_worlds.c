/* What bench/distillation compares: the names are those of bench/distillation-*.yaml. */
#include "distillation.h"

#include <string.h>

#define PLAIN                                                                                                          \
    {                                                                                                                  \
        "labels alone", "student_plain", NULL, NULL, 0                                                                 \
    }
/* eyes_NN: the sets of the CNNs they see through, or NULL. */
#define LABEL_ROWS(eyes_10, eyes_25, eyes_50, eyes_100)                                                                \
    {                                                                                                                  \
        {"10 %, labels alone", "plain_10", NULL, eyes_10, 10},                                                         \
            {"10 %, distilled", "student_10", "plain_10", eyes_10, 10},                                                \
            {"25 %, labels alone", "plain_25", NULL, eyes_25, 25},                                                     \
            {"25 %, distilled", "student_25", "plain_25", eyes_25, 25},                                                \
            {"50 %, labels alone", "plain_50", NULL, eyes_50, 50},                                                     \
            {"50 %, distilled", "student_50", "plain_50", eyes_50, 50},                                                \
            {"100 %, labels alone", "student_plain", NULL, eyes_100, 100},                                             \
        {                                                                                                              \
            "100 %, distilled (base)", "student", "student_plain", eyes_100, 100                                       \
        }                                                                                                              \
    }
#define MORE                                                                                                           \
    {                                                                                                                  \
        {"student", "student_shuffled", "The teacher's predictions over the same ones shuffled"},                      \
            {"student_10", "student_plain", "Distilled with 10 % of the videos over labels alone with all"},           \
            {"student_25", "student_plain", "Distilled with 25 % of the videos over labels alone with all"},           \
            {"student_50", "student_plain", "Distilled with 50 % of the videos over labels alone with all"},           \
    }

static const char ABOUT_LOSS[] = "What of the teacher's predictions is learned: the full KL divergence over all "
                                 "classes, the same over the teacher's K first classes, the cosine between features, "
                                 "or logits and features. The weight of the features is 1 and was not tuned.";
static const char ABOUT_LABELS[] =
    "The share of the training videos that a student learns from at all, labels and predictions; smaller shares lie "
    "inside larger ones. Every gain is over labels alone at the same share. Which videos these are "
    "is decided once: what another tenth would change is not in these numbers. The teacher stays the same: it has read "
    "the annotations of all training videos, so at small shares its predictions also carry what it learned from the "
    "labels of videos that the students do not have.";

static const world_plan WORLDS[] = {
    {"kitchen",
     "The kitchen",
     "A generated world: a student anticipates the action that begins a second later, from what a small CNN makes of "
     "the "
     "video so far (trained before, from labels alone, once; another one for each share of the labels). Its teacher "
     "reads the actions before as text, those of the videos and those of recipes that have no video.",
     {{"loss",
       "Loss",
       ABOUT_LOSS,
       NULL,
       {PLAIN,
        {"top-K, K = 5", "student_k5", "student_plain", NULL, 0},
        {"top-K, K = 20", "student_k20", "student_plain", NULL, 0},
        {"top-K, K = 50 (base)", "student", "student_plain", NULL, 0},
        {"full KL", "student_kl", "student_plain", NULL, 0},
        {"features", "student_features", "student_plain", NULL, 0},
        {"top-K, K = 50, and features", "student_both", "student_plain", NULL, 0}}},
      {"teacher",
       "Teacher",
       "How good the teacher is: without texts besides the videos' own annotations, with a tenth of the texts, with "
       "all of them, and with all but its predictions dealt out to other segments, which teaches nothing of the "
       "segment. Each teacher was trained once: what another seed of a teacher would change is not in these numbers.",
       "its teacher&#39;s<br>own top-1",
       {PLAIN,
        {"no text", "student_none", "student_plain", "teacher_none", 0},
        {"a tenth of the texts", "student_little", "student_plain", "teacher_little", 0},
        {"all texts (base)", "student", "student_plain", "teacher", 0},
        {"all texts, shuffled", "student_shuffled", "student_plain", NULL, 0}}},
      {"labels", "Labels", ABOUT_LABELS, "its CNN&#39;s top-1<br>of what is seen",
       LABEL_ROWS("eyes_10", "eyes_25", "eyes_50", "eyes_100")}},
     MORE},
    {"boston104",
     "RWTH-BOSTON-104",
     "Sentences of American Sign Language: a student recognises the sign it sees from the tracks of hands and nose; "
     "its teacher reads the glosses before it in the sentence.",
     {{"loss",
       "Loss",
       ABOUT_LOSS,
       NULL,
       {PLAIN,
        {"top-K, K = 5", "student_k5", "student_plain", NULL, 0},
        {"top-K, K = 20", "student_k20", "student_plain", NULL, 0},
        {"top-K, K = 50", "student_k50", "student_plain", NULL, 0},
        {"full KL (base)", "student", "student_plain", NULL, 0},
        {"features", "student_features", "student_plain", NULL, 0},
        {"full KL and features", "student_both", "student_plain", NULL, 0}}},
      {"teacher",
       "Teacher",
       "How good the teacher is. There is no text besides the glosses, so what varies is how well a teacher knows "
       "these: counts of which gloss follows which, the encoder after a tenth of its training, the encoder, and the "
       "encoder with its predictions dealt out to other segments. Each teacher was trained once: what another seed of "
       "a teacher would change is not in these numbers.",
       "its teacher&#39;s<br>own top-1",
       {PLAIN,
        {"counts (bigram)", "student_bigram", "student_plain", "bigram", 0},
        {"a tenth of the training", "student_short", "student_plain", "teacher_short", 0},
        {"the encoder (base)", "student", "student_plain", "teacher", 0},
        {"the encoder, shuffled", "student_shuffled", "student_plain", NULL, 0}}},
      {"labels", "Labels", ABOUT_LABELS, NULL, LABEL_ROWS(NULL, NULL, NULL, NULL)}},
     MORE},
};

const world_plan *world_find(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof WORLDS / sizeof WORLDS[0]; i++)
        if (strlen(WORLDS[i].name) == length && !strncmp(WORLDS[i].name, name, length)) return &WORLDS[i];
    return NULL;
}
