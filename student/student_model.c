#include "student/student_model.h"

#include "student/transform_options.h"

#include <stdlib.h>
#include <string.h>

/* ---- over features ----------------------------------------------------------------------------------------------- */

status student_model_of_features(const recipe *r, const class_list *classes, int64_t inputs, int64_t frames,
                                 student_model *out)
{
    status st = OK;
    int64_t *verb_of = NULL, *noun_of = NULL;
    bool factored = recipe_bool(r, "student.factored");
    TRY(classes_parts(classes, &verb_of, &noun_of));
    const avt_options options = {
        .inputs = inputs,
        .encoder = recipe_int(r, "student.encoder"),
        .frames = frames,
        .width = recipe_int(r, "student.width"),
        .layers = recipe_int(r, "student.layers"),
        .heads = recipe_int(r, "student.heads"),
        .classes = (int64_t)classes->action_count,
        .dropout = recipe_real(r, "student.dropout"),
        .verbs = factored ? (int64_t)classes->verb_count : 0,
        .nouns = factored ? (int64_t)classes->noun_count : 0,
        .verb_of = verb_of,
        .noun_of = noun_of,
    };
    t_seed((uint64_t)recipe_int(r, "seed"));
    TRY(avt_new(&options, &out->features));
done:
    free(verb_of);
    free(noun_of);
    return st;
}

/* ---- over clips -------------------------------------------------------------------------------------------------- */

/* 0 stands for the published size, which `size` holds. */
static void take_size(const recipe *r, const char *key, int64_t *size)
{
    int64_t given = recipe_int(r, key);
    if (given) *size = given;
}

static status read_options(const recipe *r, size_t classes, video_model_options *o)
{
    status st = OK;
    transform_options look;
    TRY(video_model_defaults(recipe_text(r, "student.model"), (int64_t)classes, o));
    TRY(transform_options_read(r, &look));
    o->frames = recipe_int(r, "student.frames");
    o->side = look.size;
    o->dropout = recipe_real(r, "student.dropout");
    o->recompute = recipe_bool(r, "student.network.recompute");
    memcpy(o->mean, look.mean, sizeof o->mean);
    memcpy(o->deviation, look.std, sizeof o->deviation);
    take_size(r, "student.network.patch", &o->patch);
    take_size(r, "student.network.width", &o->width);
    take_size(r, "student.network.layers", &o->layers);
    take_size(r, "student.network.heads", &o->heads);
    take_size(r, "student.network.channels", &o->channels);
    take_size(r, "student.network.depth", &o->depth);
    take_size(r, "student.network.feature", &o->feature);
    take_size(r, "student.network.hidden", &o->hidden);
    take_size(r, "student.network.backbone_width", &o->backbone_width);
    take_size(r, "student.network.backbone_layers", &o->backbone_layers);
    take_size(r, "student.network.backbone_heads", &o->backbone_heads);
done:
    return st;
}

static status freeze(const recipe *r, video_model *m)
{
    status st = OK;
    size_t count = recipe_list_count(r, "student.freeze");
    const char **prefixes = calloc(count + 1, sizeof *prefixes);
    if (!prefixes) TRY(FAIL(ERR_MEMORY, "no memory for %zu names of parameters", count));
    for (size_t i = 0; i < count; i++) prefixes[i] = recipe_list_text(r, "student.freeze", i);
    TRY(video_model_freeze(m, prefixes, count));
done:
    free(prefixes);
    return st;
}

status student_model_of_clips(const recipe *r, size_t classes, student_model *out)
{
    status st = OK;
    video_model_options options;
    TRY(read_options(r, classes, &options));
    t_seed((uint64_t)recipe_int(r, "seed"));
    TRY(video_model_new(recipe_text(r, "student.model"), &options, &out->clips));
    TRY(freeze(r, out->clips));
done:
    return st;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

void student_model_free(student_model *m)
{
    avt_free(&m->features);
    video_model_free(&m->clips);
}

module *student_model_module(const student_model *m)
{
    return m->clips ? video_model_module(m->clips) : avt_module(m->features);
}

int64_t student_model_feature_width(const student_model *m)
{
    return m->clips ? video_model_feature_width(m->clips) : avt_feature_width(m->features);
}

video_output student_model_forward(const student_model *m, tensor *seen, bool past, bool attention)
{
    if (m->clips) return video_model_forward(m->clips, t_permute(seen, SHAPE(0, 1, 4, 2, 3)), attention, past);
    avt_output out = avt_forward(m->features, seen, past);
    return (video_output){.logits = out.logits, .feature = out.future, .avt = out};
}
