/* A picture is made in layers: the kitchen itself (once a video), doors and lights, things that lie about, hands at
 * work, what passes in front of the camera; then light and noise. */
#include "data/kitchen_render.h"

#include "data/kitchen_raster.h"
#include "data/kitchen_scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAW_KITCHEN = 301, DRAW_ACTION, DRAW_GRAIN, DRAW_FRAME, DRAW_PASSING };
enum { THINGS_SEEN = 5, CLUTTER_MOST = 4, GRAIN_SPARE = 1 << 16, PASSING_FRAMES = 3 * KITCHEN_FPS };
#define FADING 0.82F /* opacity of a thing used earlier, of that of the one used after it */
#define LYING 0.8F   /* size of a thing that lies about, of that of one at work: it is farther away */
#define GRAIN 7.0F   /* deviation of the noise of a pixel, of 255, with noise 1 */
#define PASSING 0.22 /* share of the stretches of PASSING_FRAMES in which something passes, with noise 1 */
#define WHITE ((const float[3]){1, 1, 1})

typedef struct {
    float tint[3], size, turn;
} manner; /* how a video's own thing differs from others of its noun */

struct renderer {
    const class_list *classes;
    render_options options;
    const look **looks;     /* (noun_count), borrowed */
    const motion **motions; /* (verb_count), borrowed */
    bool *vessels;          /* (noun_count) */
    size_t pixels;          /* of a picture */
    int8_t *grain;          /* (3 * pixels + GRAIN_SPARE) */
    float *background;      /* (3, size, size) */
    float *light;           /* (size, size) */
    canvas canvas;          /* owns its planes */

    /* of the video */
    const kitchen_video *video;
    uint64_t number;
    kitchen_plan plan;
    placement view;
    manner *manners; /* (noun_count) */
    uint32_t wall, counter, sleeve;
    texture counter_texture;
    float skin[3], gain[3];
    int64_t clutter[CLUTTER_MOST];
    size_t clutter_count;
};

/* ---- making ------------------------------------------------------------------------------------------------------ */

static status check_options(const render_options *o)
{
    if (o->size < PICTURE_LEAST || o->size > PICTURE_MOST || o->size % 2)
        return FAIL(ERR_CONFIG, "generate.size is %d; it must be even, from %d to %d", o->size, PICTURE_LEAST,
                    PICTURE_MOST);
    if (o->fps < 1 || KITCHEN_FPS % o->fps)
        return FAIL(ERR_CONFIG, "generate.render_fps is %d; it must divide %d", o->fps, KITCHEN_FPS);
    if (!isfinite(o->noise) || o->noise < 0)
        return FAIL(ERR_CONFIG, "generate.noise is %g; it must be 0 or more", o->noise);
    return OK;
}

static status find_looks(renderer *r)
{
    status st = OK;
    static const char *const VESSELS[] = {"bowl", "pan", "pot", "plate", "tray", "cup"};
    for (size_t n = 0; n < r->classes->noun_count; n++) {
        TRY(look_find(r->classes->nouns[n], &r->looks[n]));
        for (size_t i = 0; i < sizeof VESSELS / sizeof VESSELS[0]; i++)
            if (!strcmp(VESSELS[i], r->classes->nouns[n])) r->vessels[n] = true;
    }
    for (size_t v = 0; v < r->classes->verb_count; v++) TRY(motion_find(r->classes->verbs[v], &r->motions[v]));
done:
    return st;
}

static void draw_grain(renderer *r)
{
    rng source = rng_stream(r->options.seed, DRAW_GRAIN, 0);
    grain_fill(&source, GRAIN * (float)r->options.noise, r->grain, 3 * r->pixels + GRAIN_SPARE);
}

status renderer_new(const grammar *g, const render_options *options, renderer **out)
{
    status st = OK;
    renderer *r = NULL;
    TRY(check_options(options));
    r = calloc(1, sizeof *r);
    if (!r) TRY(FAIL(ERR_MEMORY, "no memory to draw the kitchen"));
    r->classes = grammar_classes(g);
    r->options = *options;
    r->pixels = (size_t)options->size * (size_t)options->size;
    r->looks = calloc(r->classes->noun_count, sizeof(const look *));
    r->motions = calloc(r->classes->verb_count, sizeof(const motion *));
    r->vessels = calloc(r->classes->noun_count, sizeof *r->vessels);
    r->manners = calloc(r->classes->noun_count, sizeof *r->manners);
    r->grain = malloc(3 * r->pixels + GRAIN_SPARE);
    r->background = calloc(3 * r->pixels, sizeof *r->background);
    r->light = calloc(r->pixels, sizeof *r->light);
    r->canvas = (canvas){options->size, calloc(3 * r->pixels, sizeof *r->canvas.planes)};
    if (!r->looks || !r->motions || !r->vessels || !r->manners || !r->grain || !r->background || !r->light ||
        !r->canvas.planes)
        TRY(FAIL(ERR_MEMORY, "no memory to draw the kitchen"));
    TRY(find_looks(r));
    draw_grain(r);
    *out = r;
    r = NULL;
done:
    renderer_free(&r);
    return st;
}

void renderer_free(renderer **r)
{
    if (!*r) return;
    free((*r)->looks);
    free((*r)->motions);
    free((*r)->vessels);
    free((*r)->manners);
    free((*r)->grain);
    free((*r)->background);
    free((*r)->light);
    free((*r)->canvas.planes);
    free(*r);
    *r = NULL;
}

/* ---- things ------------------------------------------------------------------------------------------------------ */

static const action_class *action_of(const renderer *r, size_t i)
{
    return &r->classes->actions[r->video->actions[i]];
}

static void draw_parts(renderer *r, const look *l, const placement *at, const float tint[3], float opacity)
{
    for (size_t i = 0; i < LOOK_PARTS && l->parts[i].w > 0; i++)
        canvas_part(&r->canvas, at, &l->parts[i], tint, opacity);
}

static void draw_shadow(renderer *r, const placement *at, float opacity)
{
    static const part SHADOW = {DISC, PLAIN, .08F, .55F, .9F, .5F, 0, 0x101014};
    canvas_part(&r->canvas, at, &SHADOW, WHITE, .3F * opacity);
}

static placement thing_place(const renderer *r, int64_t noun, point p, float turn, float squash)
{
    const manner *m = &r->manners[noun];
    placement at = placement_inside(&r->view, p.x, p.y, turn + m->turn, m->size * r->looks[noun]->size);
    at.xy *= 1 - squash;
    at.yy *= 1 - squash;
    return at;
}

static void draw_thing(renderer *r, int64_t noun, point p, float turn, float squash, float opacity)
{
    placement at = thing_place(r, noun, p, turn, squash);
    if (turn == 0) draw_shadow(r, &at, opacity);
    draw_parts(r, r->looks[noun], &at, r->manners[noun].tint, opacity);
}

/* What was cut lies in pieces. */
static void draw_lying(renderer *r, int64_t noun, point p, bool cut, float opacity)
{
    placement at = thing_place(r, noun, p, 0, 0);
    at = placement_inside(&at, 0, 0, 0, LYING);
    draw_shadow(r, &at, opacity);
    if (!cut) {
        draw_parts(r, r->looks[noun], &at, r->manners[noun].tint, opacity);
        return;
    }
    static const point PIECES[] = {{-.5F, .1F}, {.45F, -.2F}, {.2F, .5F}};
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++) {
        placement piece = placement_inside(&at, PIECES[i].x, PIECES[i].y, .13F * (float)(int)i, .6F);
        draw_parts(r, r->looks[noun], &piece, r->manners[noun].tint, opacity);
    }
}

static void draw_hand(renderer *r, point p, float side, float turn)
{
    static const part PALM = {DISC, PLAIN, 0, 0, .062F, .055F, 0, 0xffffff};
    static const part FINGER = {ROD, PLAIN, 0, -.045F, .026F, .017F, .25F, 0xf0f0f0};
    point shoulder = {.5F + .75F * side, 1.25F};
    float x = shoulder.x - p.x, y = shoulder.y - p.y, length = sqrtf(x * x + y * y) + 1e-6F;
    placement hand = {.xx = y / length, .xy = x / length, .yx = -x / length, .yy = y / length};
    placement at = {r->view.xx * hand.xx + r->view.xy * hand.yx,     r->view.xx * hand.xy + r->view.xy * hand.yy,
                    r->view.yx * hand.xx + r->view.yy * hand.yx,     r->view.yx * hand.xy + r->view.yy * hand.yy,
                    r->view.xx * p.x + r->view.xy * p.y + r->view.x, r->view.yx * p.x + r->view.yy * p.y + r->view.y};
    const part arm = {ROD, PLAIN, 0, length * .5F, length * .5F, .048F, .25F, 0xe8e8e8};
    const part sleeve = {ROD, PLAIN, 0, length * .5F + .16F, length * .5F, .066F, .25F, r->sleeve};
    canvas_part(&r->canvas, &at, &arm, r->skin, 1);
    canvas_part(&r->canvas, &at, &sleeve, WHITE, 1);
    at = placement_inside(&at, 0, 0, turn, 1);
    canvas_part(&r->canvas, &at, &PALM, r->skin, 1);
    for (int i = -1; i <= 1; i++) {
        placement finger = placement_inside(&at, .032F * (float)i, 0, .04F * (float)i, 1);
        canvas_part(&r->canvas, &finger, &FINGER, r->skin, 1);
    }
}

/* ---- the kitchen of a video -------------------------------------------------------------------------------------- */

static float spread(rng *s, float most)
{
    return most * (float)(2 * rng_uniform(s) - 1);
}

static uint32_t choose(rng *s, const uint32_t *colours, size_t count)
{
    return colours[rng_below(s, count)];
}

static void choose_colours(renderer *r, rng *s)
{
    static const uint32_t WALLS[] = {0xcfd8dc, 0xd9cbb4, 0xb9c9b4, 0xa9b8c9, 0xd4b8b0, 0x8d99a4};
    static const uint32_t COUNTERS[] = {0xa98a66, 0x8b7257, 0xb9b4ac, 0x6e7479, 0xc9b692, 0x7c5d45};
    static const uint32_t SLEEVES[] = {0x34558a, 0x8a3440, 0x3c7a58, 0x3a3a44, 0xc9c2b0, 0x7a5a96};
    static const float SKINS[][3] = {{.88F, .68F, .54F}, {.75F, .54F, .40F}, {.52F, .36F, .26F}, {.94F, .77F, .66F}};
    r->wall = choose(s, WALLS, 6);
    r->counter = choose(s, COUNTERS, 6);
    r->counter_texture = (texture)rng_below(s, 4);
    r->sleeve = choose(s, SLEEVES, 6);
    memcpy(r->skin, SKINS[rng_below(s, 4)], sizeof r->skin);
    float brightness = .95F + spread(s, .14F), warmth = spread(s, .08F);
    r->gain[0] = brightness * (1 + warmth);
    r->gain[1] = brightness;
    r->gain[2] = brightness * (1 - warmth);
}

static void choose_manners(renderer *r, rng *s)
{
    for (size_t n = 0; n < r->classes->noun_count; n++) {
        manner *m = &r->manners[n];
        float bright = 1 + spread(s, .10F);
        for (size_t c = 0; c < 3; c++) m->tint[c] = bright * (1 + spread(s, .08F));
        bool fixed = r->looks[n]->fixed != LOOSE;
        m->size = fixed ? 1 : 1 + spread(s, .14F);
        m->turn = fixed ? 0 : spread(s, .05F);
    }
    r->clutter_count = 0;
    double wanted = r->options.noise * 2 * rng_uniform(s);
    while (r->clutter_count < CLUTTER_MOST && (double)r->clutter_count + 0.5 < wanted) {
        size_t noun = rng_below(s, r->classes->noun_count);
        if (r->looks[noun]->fixed == LOOSE) r->clutter[r->clutter_count++] = (int64_t)noun;
    }
}

/* Front, from above, from either side, near. */
static void choose_view(renderer *r, rng *s)
{
    static const struct {
        float across, down, shear, y;
    } VIEWS[] = {
        {1, 1, 0, 0}, {1.04F, 1.14F, 0, -.05F}, {.96F, 1, .17F, 0}, {.96F, 1, -.17F, 0}, {1.16F, 1.16F, 0, -.05F}};
    size_t which = rng_below(s, sizeof VIEWS / sizeof VIEWS[0]);
    float mirror = rng_below(s, 2) ? -1 : 1, side = (float)r->options.size, scale = 1 + spread(s, .05F);
    placement v = {.xx = side * VIEWS[which].across * mirror * scale,
                   .xy = side * VIEWS[which].shear,
                   .yx = side * spread(s, .05F),
                   .yy = side * VIEWS[which].down * scale};
    v.x = side * (.5F + spread(s, .03F)) - .5F * v.xx - .6F * v.xy;
    v.y = side * (.5F + VIEWS[which].y + spread(s, .03F)) - .5F * v.yx - .5F * v.yy;
    r->view = v;
}

static void light_up(renderer *r, rng *s)
{
    float across = spread(s, .35F) / (float)r->options.size, down = spread(s, .25F) / (float)r->options.size;
    float middle = 1 - (across + down) * (float)r->options.size / 2;
    for (int y = 0; y < r->options.size; y++)
        for (int x = 0; x < r->options.size; x++)
            r->light[(size_t)y * (size_t)r->options.size + (size_t)x] = middle + across * (float)x + down * (float)y;
}

static void draw_background(renderer *r, rng *s)
{
    placement at = placement_inside(&r->view, .5F, .42F, 0, .25F); /* textures as fine as those of things */
    const part wall = {BOX, rng_below(s, 2) ? DOTTED : PLAIN, 0, -6, 12, 8, 0, r->wall};
    const part edge = {BOX, PLAIN, 0, 4, 12, 4, 0, 0x45403c};
    const part counter = {BOX, PLAIN, 0, 4.1F, 12, 4, 0, r->counter};
    const part pattern = {BOX, r->counter_texture, 0, 4.1F, 12, 4, 0, r->counter};
    canvas_part(&r->canvas, &at, &wall, WHITE, 1);
    canvas_part(&r->canvas, &at, &edge, WHITE, 1);
    canvas_part(&r->canvas, &at, &counter, WHITE, 1);
    canvas_part(&r->canvas, &at, &pattern, WHITE, .5F);
    for (size_t n = 0; n < r->classes->noun_count; n++) {
        fixed_place place = r->looks[n]->fixed;
        if (place != LOOSE && place != COUNTER && place != BODY)
            draw_thing(r, (int64_t)n, r->plan.fixed[place], 0, 0, 1);
    }
    for (size_t i = 0; i < r->clutter_count; i++)
        draw_thing(r, r->clutter[i], (point){.3F + .6F * (float)rng_uniform(s), .46F + spread(s, .05F)}, 0, 0, .9F);
    memcpy(r->background, r->canvas.planes, 3 * r->pixels * sizeof *r->background);
}

size_t renderer_frames(const renderer *r, const kitchen_video *video)
{
    int64_t last = 0;
    for (size_t i = 0; i < video->count; i++) last = video->end[i] > last ? video->end[i] : last;
    return (size_t)(last / (KITCHEN_FPS / r->options.fps)) + 1;
}

void renderer_begin(renderer *r, const kitchen_video *video, uint64_t number)
{
    rng s = rng_stream(r->options.seed, DRAW_KITCHEN, number);
    r->video = video;
    r->number = number;
    kitchen_plan_draw(&s, &r->plan);
    choose_colours(r, &s);
    choose_manners(r, &s);
    choose_view(r, &s);
    light_up(r, &s);
    draw_background(r, &s);
}

/* ---- doors, lights, things that lie about ------------------------------------------------------------------------ */

typedef struct {
    float open[FIXED_COUNT], lit[FIXED_COUNT];
} fixtures;

static void fixtures_at(const renderer *r, int64_t frame, fixtures *out)
{
    *out = (fixtures){0};
    for (size_t i = 0; i < r->video->count && r->video->start[i] <= frame; i++) {
        const action_class *a = action_of(r, i);
        fixed_place place = r->looks[a->noun]->fixed;
        const char *verb = r->classes->verbs[a->verb];
        float done = action_progress(r->video, i, frame), moved = done < .25F ? 0 : done > .75F ? 1 : 2 * done - .5F;
        if (place == LOOSE) continue;
        if (!strcmp(verb, "open")) out->open[place] = moved;
        if (!strcmp(verb, "close")) out->open[place] = 1 - moved;
        if (!strcmp(verb, "turn-on")) out->lit[place] = moved;
        if (!strcmp(verb, "turn-off")) out->lit[place] = 1 - moved;
    }
}

/* The door of a fixture: hinged at its left, or falling and pulled to the front. */
static part door_of(const look *l, float open, bool falls)
{
    part door = l->parts[0];
    if (falls) {
        door.h = l->parts[0].h * (1 - .5F * open);
        door.y = l->parts[0].h - door.h + .7F * open;
    } else {
        door.w = l->parts[0].w * (1 - .8F * open);
        door.x = door.w - l->parts[0].w;
    }
    return door;
}

static void draw_open(renderer *r, int64_t noun, float open)
{
    static const uint32_t INSIDE[FIXED_COUNT] = {
        [FRIDGE] = 0xf8f2c0, [CUPBOARD] = 0x3c2a1a, [OVEN] = 0x8a3c18, [DRAWER] = 0x3c2a1a};
    const look *l = r->looks[noun];
    bool falls = l->fixed == OVEN || l->fixed == DRAWER;
    placement at = thing_place(r, noun, r->plan.fixed[l->fixed], 0, 0);
    part inside = l->parts[0], door = door_of(l, open, falls);
    inside.texture = STRIPED;
    inside.colour = INSIDE[l->fixed];
    canvas_part(&r->canvas, &at, &inside, WHITE, 1);
    canvas_part(&r->canvas, &at, &door, r->manners[noun].tint, 1);
}

static void draw_lit(renderer *r, int64_t noun, float lit)
{
    static const part FLAME = {DISC, PLAIN, -.45F, 0, .32F, .22F, 0, 0xff5a1e};
    static const part GLOW = {BOX, PLAIN, 0, .2F, .75F, .5F, 0, 0xf0902c};
    static const part RUNNING = {ROD, PLAIN, .4F, .05F, .65F, .1F, .25F, 0x9cc8ea};
    fixed_place place = r->looks[noun]->fixed;
    placement at = thing_place(r, noun, r->plan.fixed[place], 0, 0);
    const part *shown = place == HOB ? &FLAME : place == OVEN ? &GLOW : &RUNNING;
    canvas_part(&r->canvas, &at, shown, WHITE, .9F * lit);
}

static void draw_fixtures(renderer *r, const fixtures *f)
{
    for (size_t n = 0; n < r->classes->noun_count; n++) {
        fixed_place place = r->looks[n]->fixed;
        if (place == LOOSE) continue;
        if (f->open[place] > 0) draw_open(r, (int64_t)n, f->open[place]);
        if (f->lit[place] > 0) draw_lit(r, (int64_t)n, f->lit[place]);
    }
}

static bool is_cut(const renderer *r, int64_t noun, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        const action_class *a = action_of(r, i);
        if (a->noun == noun && !strcmp(r->classes->verbs[a->verb], "cut")) return true;
    }
    return false;
}

/* The latest action before `before` on the noun; `before` when there is none. */
static size_t last_use(const renderer *r, int64_t noun, size_t before)
{
    for (size_t i = before; i > 0; i--)
        if (action_of(r, i - 1)->noun == noun) return i - 1;
    return before;
}

/* Things used lately, the older the fainter; `begun` actions have begun. */
static void draw_things(renderer *r, int64_t frame, size_t begun)
{
    size_t uses[THINGS_SEEN], seen = 0;
    for (size_t i = begun; i > 0 && seen < THINGS_SEEN; i--) {
        int64_t noun = action_of(r, i - 1)->noun;
        bool gone = !strcmp(r->classes->verbs[action_of(r, i - 1)->verb], "throw");
        if (r->looks[noun]->fixed != LOOSE || gone || last_use(r, noun, begun) != i - 1) continue;
        if (r->video->end[i - 1] <= frame) uses[seen++] = i - 1;
    }
    float opacity = 1;
    for (size_t i = 1; i < seen; i++) opacity *= FADING;
    for (size_t i = seen; i > 0; i--, opacity /= FADING) { /* the latest in front */
        int64_t noun = action_of(r, uses[i - 1])->noun;
        draw_lying(r, noun, resting_place(&r->plan, uses[i - 1]), is_cut(r, noun, begun), opacity);
    }
}

/* ---- actions ----------------------------------------------------------------------------------------------------- */

static stage stage_of(const renderer *r, size_t i)
{
    const action_class *a = action_of(r, i);
    const look *l = r->looks[a->noun];
    rng s = rng_stream(r->options.seed, DRAW_ACTION, r->number << 16 | i);
    size_t before = last_use(r, a->noun, i);
    bool right = i % 2 == 0;
    stage out = {.side = right ? 1 : -1, .reach = .8F * l->size};
    out.work = (point){(right ? .58F : .42F) + spread(&s, .05F), .68F + spread(&s, .04F)};
    out.from = resting_place(&r->plan, before < i ? before : i + 3);
    out.to = resting_place(&r->plan, i);
    if (r->motions[a->verb]->path == THROWS) out.to = r->plan.fixed[BIN];
    if (l->fixed != LOOSE) out.work = r->plan.fixed[l->fixed];
    return out;
}

static uint32_t colour_inside(const look *l)
{
    size_t count = 0;
    while (count < LOOK_PARTS && l->parts[count].w > 0) count++;
    return l->parts[count > 2 ? count - 1 : 0].colour;
}

static void draw_falling(renderer *r, point from, float height, uint32_t colour, float radius, float seconds)
{
    const part drop = {DISC, PLAIN, 0, 0, radius, radius, 0, colour};
    for (int i = 0; i < 4; i++) {
        float fall = seconds * 2.1F + .27F * (float)i;
        fall -= (float)(int)fall;
        float aside = .035F * wave(.37F * (float)i + seconds * .5F);
        placement at = placement_inside(&r->view, from.x + aside, from.y + fall * height, 0, 1);
        canvas_part(&r->canvas, &at, &drop, WHITE, .9F);
    }
}

static void draw_effect(renderer *r, effect e, const pose *p, const stage *s, const look *l, float seconds)
{
    if (!p->working || e == NO_EFFECT) return;
    point from = {p->thing.x + (p->turn < 0 ? -1.F : p->turn > 0 ? 1.F : 0) * .8F * l->size, p->thing.y};
    placement at = placement_inside(&r->view, from.x, from.y, 0, 1);
    const part stream = {ROD, PLAIN, 0, .11F, .1F, .018F, .25F, colour_inside(l)};
    const part water = {ROD, PLAIN, 0, -.12F, .16F, .02F, .25F, 0x9cc8ea};
    switch (e) {
    case NO_EFFECT: break;
    case STREAM: canvas_part(&r->canvas, &at, &stream, WHITE, .95F); break;
    case DROPS: draw_falling(r, from, .16F, colour_inside(l), .018F, seconds); break;
    case CRUMBS: draw_falling(r, (point){s->work.x, s->work.y - .13F}, .16F, 0xefe6c8, .012F, seconds); break;
    case WATER:
        canvas_part(&r->canvas, &at, &water, WHITE, .8F);
        draw_falling(r, s->work, .1F, 0xd6ecfa, .014F, seconds);
        break;
    }
}

/* What is poured, served or cracked goes into the vessel used last. */
static void draw_vessel(renderer *r, size_t i, point work)
{
    int64_t noun = action_of(r, i)->noun;
    for (size_t j = i; j > 0; j--) {
        int64_t other = action_of(r, j - 1)->noun;
        if (!r->vessels[other] || other == noun) continue;
        draw_thing(r, other, (point){work.x - .07F, work.y + .1F}, 0, 0, 1);
        return;
    }
}

typedef struct {
    bool used[2];
} hands; /* left, right */

static void take_hand(renderer *r, hands *h, float side, point p, float turn)
{
    bool *used = &h->used[side > 0];
    if (!*used) draw_hand(r, p, side, turn);
    *used = true;
}

static void draw_action(renderer *r, size_t i, int64_t frame, hands *h)
{
    const action_class *a = action_of(r, i);
    const motion *m = r->motions[a->verb];
    const look *l = r->looks[a->noun];
    float seconds = (float)(frame - r->video->start[i]) / KITCHEN_FPS;
    stage s = stage_of(r, i);
    pose p;
    pose_at(m, &s, action_progress(r->video, i, frame), seconds, &p);
    if (m->effect == STREAM || !strcmp(m->verb, "crack")) draw_vessel(r, i, s.work);
    if (l->fixed == LOOSE || l->fixed == COUNTER || l->fixed == BODY)
        draw_thing(r, a->noun, p.thing, p.turn, p.squash, 1);
    draw_effect(r, m->effect, &p, &s, l, seconds);
    if (m->tool != NO_TOOL && (m->tool != LID || l->fixed == LOOSE)) {
        const look *t = tool_look(m->tool);
        placement at = placement_inside(&r->view, p.tool.x, p.tool.y, p.tool_turn, t->size);
        draw_parts(r, t, &at, WHITE, 1);
    }
    take_hand(r, h, s.side, p.hand, p.tool_turn);
    if (p.two_hands) take_hand(r, h, -s.side, p.other, 0);
}

static void draw_actions(renderer *r, int64_t frame, size_t begun)
{
    hands h = {{false, false}};
    for (size_t i = 0; i < begun; i++)
        if (r->video->end[i] > frame) draw_action(r, i, frame, &h);
    take_hand(r, &h, -1, resting_hand(-1), 0);
    take_hand(r, &h, 1, resting_hand(1), 0);
}

/* ---- in front of the camera -------------------------------------------------------------------------------------- */

/* Now and then a shadow passes, somebody's arm, or a head. */
static void draw_passing(renderer *r, int64_t frame)
{
    rng s = rng_stream(r->options.seed, DRAW_PASSING, r->number << 32 | (uint64_t)(frame / PASSING_FRAMES));
    if (rng_uniform(&s) >= PASSING * r->options.noise) return;
    float part_over = (float)(frame % PASSING_FRAMES) / PASSING_FRAMES, side = (float)r->options.size;
    float from = -.5F + spread(&s, .3F), speed = 1.8F + spread(&s, .6F), y = .55F + spread(&s, .3F);
    float x = from + speed * part_over;
    placement at = {.xx = side, .yy = side, .x = side * (rng_below(&s, 2) ? x : 1 - x), .y = side * y};
    const part shadow = {DISC, PLAIN, 0, 0, .34F, .42F, .06F, 0x0c0c12};
    const part arm = {ROD, PLAIN, 0, -.35F, .5F, .085F, .21F, r->sleeve ^ 0x1f1f1f};
    const part head = {DISC, ROUGH, 0, .18F, .19F, .24F, 0, 0x3a2a20};
    switch (rng_below(&s, 3)) {
    case 0: canvas_part(&r->canvas, &at, &shadow, WHITE, .5F); break;
    case 1: canvas_part(&r->canvas, &at, &arm, WHITE, 1); break;
    default: canvas_part(&r->canvas, &at, &head, WHITE, 1); break;
    }
}

static void develop(const renderer *r, int64_t frame, uint8_t *rgb)
{
    rng s = rng_stream(r->options.seed, DRAW_FRAME, r->number << 32 | (uint64_t)frame);
    const int8_t *grain = r->grain + rng_below(&s, GRAIN_SPARE);
    float flicker = 1 + spread(&s, .02F * (float)(r->options.noise < 4 ? r->options.noise : 4));
    const float gain[3] = {r->gain[0] * flicker, r->gain[1] * flicker, r->gain[2] * flicker};
    canvas_develop(&r->canvas, r->light, gain, grain, rgb);
}

void renderer_draw(renderer *r, size_t frame, uint8_t *rgb)
{
    int64_t now = (int64_t)frame * (KITCHEN_FPS / r->options.fps);
    size_t begun = 0;
    fixtures f;
    while (begun < r->video->count && r->video->start[begun] <= now) begun++;
    memcpy(r->canvas.planes, r->background, 3 * r->pixels * sizeof *r->background);
    fixtures_at(r, now, &f);
    draw_fixtures(r, &f);
    draw_things(r, now, begun);
    draw_actions(r, now, begun);
    draw_passing(r, now);
    develop(r, now, rgb);
}
