#include "stream/recipe.h"

#include "conf/stream_rules.h"

#include <string.h>

static bool is(const recipe *r, const char *key, const char *text)
{
    return !strcmp(recipe_text(r, key), text);
}

static demarcation_mode mode_of(const recipe *r)
{
    if (is(r, "stream.demarcation", "fixed")) return DEMARCATION_FIXED;
    if (is(r, "stream.demarcation", "rise")) return DEMARCATION_RISE;
    return is(r, "stream.demarcation", "accum") ? DEMARCATION_ACCUM : DEMARCATION_AVERAGE;
}

static void read_learning(const recipe *r, int ranks, stream_options *o)
{
    o->evolve_every = recipe_int(r, "stream.train.evolve_every");
    o->optimize_every = recipe_int(r, "stream.train.optimize_every");
    o->lr = recipe_real(r, "stream.train.lr");
    o->alpha = recipe_real(r, "stream.train.alpha");
    o->timescale = recipe_bool(r, "stream.train.timescale");
    o->reach = recipe_bool(r, "stream.train.reach");
    o->joint_growth = ranks > 1;
    o->joint_steps = ranks > 1 && is(r, "stream.train.sync", "gradients");
    o->seed = (uint64_t)recipe_int(r, "seed");
}

status stream_recipe_learner(const recipe *r, int ranks, stream_options *out)
{
    status st = OK;
    *out = (stream_options){
        .features = recipe_int(r, "stream.features"),
        .max_layers = recipe_int(r, "stream.layers"),
        .init_layers = recipe_int(r, "stream.init_layers"),
        .buffer_size = recipe_int(r, "stream.buffer"),
        .normalize = recipe_bool(r, "stream.normalize"),
        .distance = is(r, "stream.distance", "distance") ? DISTANCE_SQUARED : DISTANCE_SIMILARITY,
        .force_base_distance = recipe_bool(r, "stream.base_distance"),
        .demarcation = mode_of(r),
        .window = recipe_int(r, "stream.window"),
        .modifier_adds = is(r, "stream.modifier_type", "add"),
        .modifier = recipe_real(r, "stream.modifier"),
        .threshold = recipe_real(r, "stream.threshold"),
        .force_fixed_buffer = recipe_bool(r, "stream.fixed_buffer"),
    };
    TRY(stream_rules_check(r, ranks));
    out->height = recipe_list_int(r, "stream.size", 0);
    out->width = recipe_list_int(r, "stream.size", 1);
    for (size_t i = 0; i < STREAM_STAGES; i++) out->channels[i] = recipe_list_int(r, "stream.channels", i);
    read_learning(r, ranks, out);
done:
    return st;
}

void stream_recipe_input(const recipe *r, frame_stream_options *out)
{
    *out = (frame_stream_options){
        .snippet = recipe_real(r, "stream.snippet"),
        .format = {.height = (int)recipe_list_int(r, "stream.size", 0),
                   .width = (int)recipe_list_int(r, "stream.size", 1),
                   .fit = FIT_STRETCH},
        .ahead = (size_t)recipe_int(r, "stream.ahead"),
        .live = recipe_bool(r, "stream.live"),
        .stall = recipe_real(r, "stream.stall"),
        .threads = 1,
        .frame_rate = recipe_real(r, "data.frame_rate"),
    };
    if (recipe_is_null(r, "stream.raw.pixels")) return;
    out->raw.pixels = recipe_text(r, "stream.raw.pixels");
    out->raw.height = (int)recipe_list_int(r, "stream.raw.size", 0);
    out->raw.width = (int)recipe_list_int(r, "stream.raw.size", 1);
    out->raw.fps = recipe_real(r, "stream.raw.fps");
}
