/* A streaming learner against streamer.py, in float64: every similarity, boundary and event, the gradients before
 * steps, and the parameters after each. Both of ours are asked: the reference, and the learner, in turns of several
 * lengths. */
#include "stream/learner.h"
#include "stream/reference.h"
#include "tests/golden/tensor/golden.h"

enum { VIDEOS = 4, FRAMES_MOST = 48, COARSE_HEIGHT = 4, COARSE_WIDTH = 8, SQUARE = 4, RGB = 3 };
enum { HEIGHT = COARSE_HEIGHT * SQUARE, WIDTH = COARSE_WIDTH * SQUARE, PICTURE = HEIGHT * WIDTH * RGB };
enum { VIDEO, LAYER, FRAME, PREDICTED, BOUNDARY, FORCED, TAU, INPUT_COLUMNS };
static const size_t FRAMES[VIDEOS] = {48, 42, 10, 48};
static const double TOLERANCE = 1e-10;
static const double EVENT_TOLERANCE = 1e-6; /* events are told in float32 */
static tensor_file *file;
static uint8_t films[VIDEOS][FRAMES_MOST * PICTURE];

/* ---- cases ------------------------------------------------------------------------------------------------------- */

#define COMMON                                                                                                         \
    .height = HEIGHT, .width = WIDTH, .channels = {4, 6, 5, 8}, .features = 16, .max_layers = 3, .init_layers = 1,     \
    .buffer_size = 4, .window = 6, .modifier = 1, .evolve_every = 6, .optimize_every = 3, .lr = 1e-3, .alpha = 3,      \
    .timescale = true, .reach = true

typedef struct {
    const char *name;
    stream_options options;
} stream_case;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init" /* what a case says after COMMON holds */
#ifdef __clang__
#pragma clang diagnostic ignored "-Winitializer-overrides"
#endif
static const stream_case CASES[] = {
    {"similarity", {COMMON}},
    {"distance", {COMMON, .distance = DISTANCE_SQUARED}},
    {"base_distance", {COMMON, .force_base_distance = true, .modifier = 1.01}},
    {"fixed", {COMMON, .demarcation = DEMARCATION_FIXED, .force_base_distance = true, .threshold = 0.372}},
    {"accum", {COMMON, .demarcation = DEMARCATION_ACCUM, .distance = DISTANCE_SQUARED, .threshold = 1.2}},
    {"rise", {COMMON, .demarcation = DEMARCATION_RISE, .distance = DISTANCE_SQUARED, .window = 2, .init_layers = 2}},
    {"added", {COMMON, .modifier_adds = true, .modifier = 0.01}},
    {"forced", {COMMON, .force_fixed_buffer = true}},
    {"no_timescale", {COMMON, .timescale = false}},
    {"no_reach", {COMMON, .reach = false}},
    {"normalized", {COMMON, .normalize = true, .init_layers = 2}},
};
#pragma GCC diagnostic pop
enum { CASE_COUNT = sizeof CASES / sizeof *CASES };

/* ---- what is asked ----------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    status (*make)(const stream_options *o, void **out);
    void (*free)(void *self);
    status (*watch)(void *self, const stream_frames *frames, bool learn, const stream_listener *listener);
    module *(*model)(void *self);
    size_t (*layers)(void *self);
    int64_t (*steps)(void *self);
    bool tells_steps;
} implementation;

static status make_reference(const stream_options *o, void **out)
{
    reference *r = NULL;
    status st = reference_new(o, T_F64, &r);
    *out = r;
    return st;
}

static void free_reference(void *self)
{
    reference *r = self;
    reference_free(&r);
}

static status watch_reference(void *self, const stream_frames *frames, bool learn, const stream_listener *listener)
{
    return reference_watch(self, frames, learn, listener);
}

static module *model_of_reference(void *self)
{
    return reference_model(self);
}

static size_t layers_of_reference(void *self)
{
    return reference_layers(self);
}

static int64_t steps_of_reference(void *self)
{
    return reference_steps(self);
}

static status make_learner(const stream_options *o, void **out)
{
    learner *l = NULL;
    status st = learner_new(o, 1, T_F64, &l);
    *out = l;
    return st;
}

static void free_learner(void *self)
{
    learner *l = self;
    learner_free(&l);
}

static status watch_learner(void *self, const stream_frames *frames, bool learn, const stream_listener *listener)
{
    return learner_watch(self, frames, learn, listener);
}

static module *model_of_learner(void *self)
{
    return learner_model(self);
}

static size_t layers_of_learner(void *self)
{
    return learner_layers(self);
}

static int64_t steps_of_learner(void *self)
{
    return learner_steps(self);
}

static const implementation REFERENCE = {"reference",        make_reference,      free_reference,     watch_reference,
                                         model_of_reference, layers_of_reference, steps_of_reference, true};
static const implementation LEARNER = {"learner",        make_learner,      free_learner,     watch_learner,
                                       model_of_learner, layers_of_learner, steps_of_learner, false};

/* ---- a case in progress ------------------------------------------------------------------------------------------ */

typedef struct {
    const implementation *of;
    const stream_case *c;
    void *self;
    size_t given;            /* layers that got the weights of the fixture */
    size_t input, event;     /* how many have come */
    int64_t step;            /* steps that have been looked at */
    int64_t video;           /* the present one */
    int32_t *inputs, *steps; /* (input_count, INPUT_COLUMNS), (step_count, 3) as wanted */
    double *values, *events; /* (input_count, 2), (event_count, 2) */
    double *parameters;      /* (step_count, names, 2) */
    double *final;           /* (names, 2) */
    size_t input_count, event_count, step_count, names;
    bool gradients[STREAM_LAYERS_MOST + 1]; /* seen with so many layers */
    int differ;
} progress;

enum { COMPLAINTS_MOST = 12 };

__attribute__((format(printf, 2, 3))) static void complain(progress *p, const char *format, ...)
{
    char text[512];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    if (p->differ++ < COMPLAINTS_MOST) print_error("%s, %s: %s\n", p->of->name, p->c->name, text);
}

static tensor *part_of(const progress *p, const char *part)
{
    tensor *x = golden_part(file, p->c->name, part);
    if (!x) fail_msg("the fixture has no %s/%s", p->c->name, part);
    return x;
}

/* All of it as int32, or as float64; the caller frees it. */
static int32_t *whole_numbers(tensor *x)
{
    size_t bytes = (size_t)t_count(x) * sizeof(int32_t);
    int32_t *numbers = malloc(bytes + 1);
    if (t_to_bytes(x, numbers, bytes) != OK) fail_msg("%s", fail_message());
    return numbers;
}

static void read_wanted(progress *p)
{
    scope *sc = scope_open();
    tensor *inputs = part_of(p, "inputs"), *events = part_of(p, "events"), *steps = part_of(p, "steps"),
           *parameters = part_of(p, "parameters");
    p->inputs = whole_numbers(inputs);
    p->values = golden_numbers(part_of(p, "values"));
    p->events = golden_numbers(events);
    p->steps = whole_numbers(steps);
    p->parameters = golden_numbers(parameters);
    p->final = golden_numbers(part_of(p, "final"));
    p->input_count = (size_t)t_size(inputs, 0);
    p->event_count = (size_t)t_size(events, 0);
    p->step_count = (size_t)t_size(steps, 0);
    p->names = (size_t)t_size(parameters, 1);
    scope_close(&sc);
}

static void progress_free(progress *p)
{
    free(p->inputs);
    free(p->values);
    free(p->events);
    free(p->steps);
    free(p->parameters);
    free(p->final);
    if (p->self) p->of->free(p->self);
}

/* ---- weights and sums -------------------------------------------------------------------------------------------- */

/* Layers begin with the weights of the fixture, those that grow as soon as they are there. */
static status give_weights(progress *p)
{
    status st = OK;
    scope *sc = scope_open();
    module *model = p->of->model(p->self);
    for (; p->given < p->of->layers(p->self); p->given++) {
        char prefix[32];
        int length = snprintf(prefix, sizeof prefix, "layers.%zu.", p->given);
        for (size_t i = 0; i < module_parameter_count(model); i++) {
            const char *name = module_parameter_name(model, i);
            if (strncmp(name, prefix, (size_t)length)) continue;
            TRY(t_assign(module_parameter_at(model, i), golden_part(file, "initial", name)));
        }
    }
done:
    scope_close(&sc);
    return st;
}

/* Row of a parameter in the tables of sums; -1 when the fixture does not know it. */
static int row_of(const char *name)
{
    int row = 0;
    size_t length = strlen(name);
    for (const char *at = tensor_file_metadata(file, "names"); at && *at; row++) {
        const char *end = strchr(at, ' ');
        size_t here = end ? (size_t)(end - at) : strlen(at);
        if (here == length && !memcmp(at, name, length)) return row;
        at += here + (end != NULL);
    }
    return -1;
}

/* L2 norm, and product with cos(0), cos(1), ... */
static void sums_of(const double *numbers, size_t count, double out[2])
{
    double squares = 0;
    out[1] = 0;
    for (size_t i = 0; i < count; i++) {
        squares += numbers[i] * numbers[i];
        out[1] += numbers[i] * cos((double)i);
    }
    out[0] = sqrt(squares);
}

static bool sums_differ(const double *found, const double *wanted, double tolerance)
{
    for (size_t k = 0; k < 2; k++)
        if (!(fabs(found[k] - wanted[k]) <= tolerance * fmax(1, wanted[0]))) return true;
    return false;
}

/* sums: (names, 2); of the parameters, or of their gradients */
static void compare_tensors(progress *p, const double *sums, bool gradients, const char *what)
{
    module *model = p->of->model(p->self);
    for (size_t i = 0; i < module_parameter_count(model); i++) {
        double found[2];
        const char *name = module_parameter_name(model, i);
        int row = row_of(name);
        if (row < 0) {
            complain(p, "the fixture does not know %s", name);
            continue;
        }
        scope *sc = scope_open();
        tensor *x = module_parameter_at(model, i);
        double *numbers = golden_numbers(gradients ? t_grad(x) : x);
        sums_of(numbers, (size_t)t_count(x), found);
        free(numbers);
        scope_close(&sc);
        if (sums_differ(found, sums + 2 * row, TOLERANCE))
            complain(p, "%s: %s differs by %g and %g of %g", what, name, found[0] - sums[2 * row],
                     found[1] - sums[2 * row + 1], sums[2 * row]);
    }
}

/* ---- what is told ------------------------------------------------------------------------------------------------ */

static void compare_input(progress *p, const stream_input *input, size_t at)
{
    const int32_t *wanted = p->inputs + at * INPUT_COLUMNS;
    const double *value = p->values + 2 * at;
    const int32_t found[] = {(int32_t)p->video, (int32_t)input->layer, (int32_t)input->frame, input->predicted,
                             input->boundary,   input->forced,         (int32_t)input->tau};
    static const char *const NAMES[] = {"video", "layer", "frame", "predicted", "boundary", "forced", "tau"};
    for (size_t k = 0; k < INPUT_COLUMNS; k++)
        if (found[k] != wanted[k]) complain(p, "input %zu: %s is %d, not %d", at, NAMES[k], found[k], wanted[k]);
    if (!wanted[PREDICTED]) return;
    if (!(fabs(input->value - value[0]) <= TOLERANCE))
        complain(p, "input %zu (layer %d, frame %d of video %d): %.15g is not %.15g", at, wanted[LAYER], wanted[FRAME],
                 wanted[VIDEO], input->value, value[0]);
    bool same = isnan(value[1]) ? isnan(input->limit) : fabs(input->limit - value[1]) <= TOLERANCE;
    if (!same) complain(p, "input %zu: compared with %.15g and not %.15g", at, input->limit, value[1]);
}

static void compare_event(progress *p, const float *event, size_t at)
{
    double found[2], numbers[64];
    size_t width = (size_t)p->c->options.features;
    for (size_t i = 0; i < width; i++) numbers[i] = (double)event[i];
    sums_of(numbers, width, found);
    if (at >= p->event_count) complain(p, "there is an event more than %zu", p->event_count);
    else if (sums_differ(found, p->events + 2 * at, EVENT_TOLERANCE))
        complain(p, "event %zu: %g, %g and not %g, %g", at, found[0], found[1], p->events[2 * at],
                 p->events[2 * at + 1]);
}

static status hear(void *self, const stream_input *input)
{
    progress *p = self;
    status st = give_weights(p); /* a layer that has grown has not seen anything yet */
    if (p->input < p->input_count) compare_input(p, input, p->input++);
    else complain(p, "there is an input more than %zu", p->input_count);
    if (input->event) compare_event(p, input->event, p->event++);
    return st;
}

static status look_at_gradients(void *self, module *model)
{
    progress *p = self;
    char part[64];
    size_t layers = p->of->layers(p->self);
    (void)model;
    if (p->gradients[layers]) return OK;
    p->gradients[layers] = true;
    scope *sc = scope_open();
    snprintf(part, sizeof part, "gradients/%zu", layers);
    double *wanted = golden_numbers(part_of(p, part));
    compare_tensors(p, wanted, true, part);
    free(wanted);
    scope_close(&sc);
    return OK;
}

/* After each frame: the step that was last taken is where it was, and led where it should. */
static void look_at_steps(progress *p, int64_t frame)
{
    int64_t steps = p->of->steps(p->self);
    if (steps == p->step) return;
    p->step = steps;
    if (steps > (int64_t)p->step_count) {
        complain(p, "there is a step more than %zu", p->step_count);
        return;
    }
    char what[64];
    const int32_t *wanted = p->steps + (steps - 1) * 3;
    snprintf(what, sizeof what, "step %lld", (long long)steps);
    if (wanted[0] != p->video || wanted[1] != frame)
        complain(p, "%s came with frame %lld of video %lld, not with %d of %d", what, (long long)frame,
                 (long long)p->video, wanted[1], wanted[0]);
    if (wanted[2] != (int)p->of->layers(p->self)) complain(p, "%s: there are %zu layers", what, p->of->layers(p->self));
    compare_tensors(p, p->parameters + (size_t)(steps - 1) * p->names * 2, false, what);
}

static void look_at_the_end(progress *p)
{
    int64_t steps = p->of->steps(p->self);
    if (p->input != p->input_count) complain(p, "%zu inputs instead of %zu", p->input, p->input_count);
    if (p->event != p->event_count) complain(p, "%zu events instead of %zu", p->event, p->event_count);
    if (steps != (int64_t)p->step_count) complain(p, "%lld steps instead of %zu", (long long)steps, p->step_count);
    for (size_t layers = (size_t)p->c->options.init_layers; p->of->tells_steps && layers <= 3; layers++)
        if (!p->gradients[layers]) complain(p, "no step with %zu layers", layers);
    compare_tensors(p, p->final, false, "at the end");
}

/* ---- watching ---------------------------------------------------------------------------------------------------- */

/* As is_learned in make_streamer.py. */
static bool is_learned(size_t video, size_t frame)
{
    return video != 2 && !(video == 1 && frame >= 20 && frame < 27);
}

/* Frames from `at` on that are learned from, or not, as the first of them is: `turn` at most. */
static size_t turn_length(size_t video, size_t at, size_t turn)
{
    size_t count = 1;
    while (count < turn && at + count < FRAMES[video] && is_learned(video, at + count) == is_learned(video, at))
        count++;
    return count;
}

static status watch_film(progress *p, size_t video, size_t turn)
{
    status st = OK;
    const stream_listener listener = {.self = p, .input = hear};
    p->video = (int64_t)video;
    for (size_t at = 0; at < FRAMES[video];) {
        size_t count = turn_length(video, at, turn);
        stream_frames frames = {.pictures = films[video] + at * PICTURE, .count = count, .begins = at == 0};
        TRY(p->of->watch(p->self, &frames, is_learned(video, at), &listener));
        at += count;
        if (turn == 1) look_at_steps(p, (int64_t)at - 1);
    }
done:
    return st;
}

static int case_differs(const implementation *of, const stream_case *c, size_t turn)
{
    status st = OK;
    progress p = {.of = of, .c = c};
    read_wanted(&p);
    TRY(of->make(&c->options, &p.self));
    if (of->tells_steps) reference_tell_steps(p.self, look_at_gradients, &p);
    TRY(give_weights(&p));
    for (size_t video = 0; video < VIDEOS; video++) TRY(watch_film(&p, video, turn));
    look_at_the_end(&p);
done:
    if (st != OK) complain(&p, "%s", fail_message());
    fail_clear();
    progress_free(&p);
    return p.differ;
}

static void compare_all(const implementation *of, size_t turn)
{
    int differ = 0;
    for (size_t i = 0; i < CASE_COUNT; i++) differ += case_differs(of, &CASES[i], turn);
    assert_int_equal(differ, 0);
    assert_int_equal(t_live_count(), 0);
}

static void the_reference_is_pytorchs(void **state)
{
    (void)state;
    compare_all(&REFERENCE, 1);
}

static void the_learner_is_pytorchs_frame_by_frame(void **state)
{
    (void)state;
    compare_all(&LEARNER, 1);
}

static void the_learner_is_pytorchs_in_long_turns(void **state)
{
    (void)state;
    compare_all(&LEARNER, 7);
    compare_all(&LEARNER, FRAMES_MOST);
}

static void every_case_of_the_fixture_is_tested(void **state)
{
    (void)state;
    size_t count = 0;
    for (size_t i = 0; i < tensor_file_count(file); i++) {
        const char *part = strchr(tensor_file_name(file, i), '/');
        count += part && !strcmp(part, "/inputs");
    }
    assert_int_equal(count, CASE_COUNT);
}

/* Every name of the fixture is a parameter's and the other way round. */
static void parameters_are_named_as_pytorchs(void **state)
{
    (void)state;
    size_t known = 0;
    reference *r = NULL;
    stream_options o = CASES[0].options;
    o.init_layers = o.max_layers;
    assert_int_equal(reference_new(&o, T_F64, &r), OK);
    module *model = reference_model(r);
    for (size_t i = 0; i < module_parameter_count(model); i++)
        if (row_of(module_parameter_name(model, i)) < 0) fail_msg("%s", module_parameter_name(model, i));
    for (size_t i = 0; i < tensor_file_count(file); i++) known += !strncmp(tensor_file_name(file, i), "initial/", 8);
    assert_int_equal(known, module_parameter_count(model));
    reference_free(&r);
    assert_int_equal(t_live_count(), 0);
}

/* ---- pictures ---------------------------------------------------------------------------------------------------- */

/* As picture_of in make_streamer.py: every pixel of a coarse picture a square, and a slope over all. */
static void make_picture(const uint8_t *coarse, uint8_t *out)
{
    for (size_t y = 0; y < HEIGHT; y++)
        for (size_t x = 0; x < WIDTH; x++)
            for (size_t c = 0; c < RGB; c++) {
                size_t from = (y / SQUARE * COARSE_WIDTH + x / SQUARE) * RGB + c;
                out[(y * WIDTH + x) * RGB + c] = (uint8_t)(coarse[from] + 3 * y + 5 * x);
            }
}

static int make_films(void **state)
{
    static uint8_t coarse[VIDEOS][FRAMES_MOST][COARSE_HEIGHT * COARSE_WIDTH * RGB];
    (void)state;
    scope *sc = scope_open();
    status st = t_to_bytes(tensor_file_get(file, "pictures"), coarse, sizeof coarse);
    for (size_t video = 0; video < VIDEOS; video++)
        for (size_t i = 0; i < FRAMES[video]; i++) make_picture(coarse[video][i], films[video] + i * PICTURE);
    scope_close(&sc);
    if (st != OK) print_error("%s\n", fail_message());
    return st == OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_are_named_as_pytorchs),
        cmocka_unit_test(every_case_of_the_fixture_is_tested),
        cmocka_unit_test(the_reference_is_pytorchs),
        cmocka_unit_test(the_learner_is_pytorchs_frame_by_frame),
        cmocka_unit_test(the_learner_is_pytorchs_in_long_turns),
    };
    if (golden_start(NULL)) return 1;
    if (tensor_file_open("tests/golden/stream/streamer.safetensors", &file) != OK) {
        print_error("%s\n", fail_message());
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, make_films, NULL);
    tensor_file_close(&file);
    return failed;
}
