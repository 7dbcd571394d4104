#include "student/known.h"

#include "conf/settings.h"
#include "student/transform_options.h"
#include "tensor/load.h"

#include <stdio.h>
#include <stdlib.h>

/* Pictures of a clip, all views: forty times what the published models take. */
static const size_t CLIP_BYTES_MOST = (size_t)1 << 30;

struct known {
    known_model card;
    transform_options look;
    transform *transform;
    short_clip when_short;
    student_model model;
    size_t frames, views;
    clip_room room;
    uint8_t *pictures; /* (views, T, side, side, 3) */
    int64_t *index;    /* (T) */
    float *probabilities, *attention;
};

static status make_room(known *k)
{
    k->pictures = malloc(transform_bytes(&k->look, k->frames) * k->views);
    k->index = calloc(k->frames, sizeof *k->index);
    k->probabilities = calloc(k->card.class_count, sizeof *k->probabilities);
    k->attention = calloc(k->frames, sizeof *k->attention);
    if (!k->pictures || !k->index || !k->probabilities || !k->attention)
        return FAIL(ERR_MEMORY, "no memory for clips of %zu frames", k->frames);
    return OK;
}

/* It has no part in what the model says, but in its file. */
static void add_projector(known *k)
{
    int64_t width = k->card.projected;
    if (width)
        nn_linear(student_model_module(&k->model), "projector", student_model_feature_width(&k->model), width, true,
                  (t_init){INIT_ZEROS, 0});
}

static status read_look(known *k, const char *path)
{
    status st = OK;
    const recipe *r = k->card.recipe;
    TRY(settings_fault(path, transform_options_read(r, &k->look)));
    k->when_short = transform_short_clips(r);
    k->frames = (size_t)recipe_int(r, "student.frames");
    k->views = transform_views(&k->look);
    if (transform_bytes(&k->look, k->frames) > CLIP_BYTES_MOST / k->views)
        TRY(FAIL(ERR_INPUT,
                 "%s: its student.frames %zu of student.transform.size %d, in %zu views, are more than %zu MB a clip: "
                 "no model is made for these",
                 path, k->frames, k->look.size, k->views, CLIP_BYTES_MOST >> 20));
    TRY(settings_fault(path, transform_open(&k->look, &k->transform)));
done:
    return st;
}

/* The model, made as large as the file's tensors are and no larger, whatever the card says. */
static status make_model(known *k, const char *path)
{
    status st = OK;
    TRY(settings_fault(path, student_model_of_clips(k->card.recipe, k->card.class_count, &k->model)));
    add_projector(k);
    TRY(t_check(module_parameter_at(student_model_module(&k->model), 0)));
done:
    if (st == ERR_INPUT) {
        char reason[512];
        snprintf(reason, sizeof reason, "%s", fail_message());
        fail_clear();
        st = FAIL(ERR_INPUT,
                  "%s: its tensors are not those that its settings (student.model, student.network, student.frames, "
                  "student.transform.size) and classes describe: %s",
                  path, reason);
    }
    return st;
}

static status build(known *k, tensor_file *file)
{
    module_expect(file);
    status st = make_model(k, tensor_file_path(file));
    if (st == OK) st = module_load_file(student_model_module(&k->model), file);
    module_expect(NULL);
    return st;
}

status known_open(const char *path, known **out)
{
    status st = OK;
    tensor_file *file = NULL;
    known *k = calloc(1, sizeof *k);
    if (!k) TRY(FAIL(ERR_MEMORY, "no memory for a model"));
    TRY(tensor_file_open(path, &file));
    TRY(known_model_read(file, &k->card));
    TRY(read_look(k, path));
    TRY(build(k, file));
    TRY(make_room(k));
    *out = k;
    k = NULL;
done:
    tensor_file_close(&file);
    known_close(&k);
    return st;
}

void known_close(known **at)
{
    known *k = *at;
    if (!k) return;
    student_model_free(&k->model);
    transform_close(&k->transform);
    clip_room_free(&k->room);
    known_model_free(&k->card);
    free(k->pictures);
    free(k->index);
    free(k->probabilities);
    free(k->attention);
    free(k);
    *at = NULL;
}

const known_model *known_card(const known *k)
{
    return &k->card;
}

size_t known_frames(const known *k)
{
    return k->frames;
}

int known_side(const known *k)
{
    return k->look.size;
}

bool known_has_attention(const known *k)
{
    return video_model_has_attention(k->model.clips);
}

static status look(known *k)
{
    status st = OK;
    int64_t size = k->look.size;
    scope *sc = scope_open();
    grad_pause();
    tensor *seen = t_from_bytes(T_U8, k->pictures, SHAPE((int64_t)k->views, (int64_t)k->frames, size, size, 3));
    video_output said = student_model_forward(&k->model, seen, false, known_has_attention(k));
    TRY(t_to_f32(t_mean(t_softmax(said.logits, 1), 0, false), k->probabilities, k->card.class_count));
    if (said.attention) TRY(t_to_f32(t_narrow(said.attention, 0, 0, 1), k->attention, k->frames));
done:
    grad_resume();
    scope_close(&sc);
    return st;
}

status known_ask(known *k, video *v, known_answer *out)
{
    status st = OK;
    const clip_choice all = {.count = k->frames, .when_short = k->when_short};
    *out = (known_answer){0};
    TRY(clip_choose(v, &all, k->index));
    TRY(video_clip_read(v, &all, &(clip_look){.views = k->views}, &k->look, k->transform, &k->room, k->pictures,
                        &out->account));
    TRY(look(k));
    out->probabilities = k->probabilities;
    out->attention = known_has_attention(k) ? k->attention : NULL;
    out->pictures = k->pictures;
    out->frames = k->index;
done:
    return st;
}
