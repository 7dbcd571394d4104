#include "trainer/trainer.h"

#include <stdio.h>
#include <string.h>

enum { KEY_MOST = 128 };

/* "teacher" and "lr" make "teacher.train.lr". */
typedef struct {
    char text[KEY_MOST];
} key;

static const char *full(key *k, const char *section, const char *name)
{
    snprintf(k->text, sizeof k->text, "%s.train.%s", section, name);
    return k->text;
}

status train_options_read(const recipe *r, const char *section, train_options *out)
{
    key k;
    const char *precision = recipe_text(r, "precision");
    *out = (train_options){
        .epochs = recipe_int(r, full(&k, section, "epochs")),
        .max_steps = recipe_int(r, full(&k, section, "max_steps")),
        .batch = recipe_int(r, full(&k, section, "batch")),
        .micro_batch = recipe_int(r, full(&k, section, "micro_batch")),
        .accumulate = recipe_int(r, full(&k, section, "accumulate")),
        .patience = recipe_int(r, full(&k, section, "patience")),
        .checkpoint_steps = recipe_int(r, full(&k, section, "checkpoint_steps")),
        .exact = recipe_bool(r, full(&k, section, "exact")),
        .keep_best = recipe_bool(r, full(&k, section, "keep_best")),
        .decay_bias = recipe_bool(r, full(&k, section, "optimizer.decay_bias")),
        .nesterov = recipe_bool(r, full(&k, section, "optimizer.nesterov")),
        .bfloat16 = precision && !strcmp(precision, "bfloat16"),
        .clip = recipe_real(r, full(&k, section, "clip")),
        .average = recipe_real(r, full(&k, section, "average")),
        .checkpoint_minutes = recipe_real(r, full(&k, section, "checkpoint_minutes")),
        .optimizer = recipe_text(r, full(&k, section, "optimizer.name")),
        .schedule = recipe_text(r, full(&k, section, "schedule.name")),
        .lr = recipe_real(r, full(&k, section, "optimizer.lr")),
        .weight_decay = recipe_real(r, full(&k, section, "optimizer.weight_decay")),
        .beta1 = recipe_real(r, full(&k, section, "optimizer.beta1")),
        .beta2 = recipe_real(r, full(&k, section, "optimizer.beta2")),
        .eps = recipe_real(r, full(&k, section, "optimizer.eps")),
        .momentum = recipe_real(r, full(&k, section, "optimizer.momentum")),
        .warmup = recipe_real(r, full(&k, section, "schedule.warmup")),
        .final = recipe_real(r, full(&k, section, "schedule.final")),
        .factor = recipe_real(r, full(&k, section, "schedule.factor")),
        .schedule_patience = recipe_int(r, full(&k, section, "schedule.patience")),
        .schedule_by_loss = !strcmp(recipe_text(r, full(&k, section, "schedule.watch")), "loss"),
        .seed = (uint64_t)recipe_int(r, "seed"),
    };
    recipe_hash(r, out->recipe_hash);
    return recipe_mistakes(r);
}
