#include "data/signs_render.h"

#include "base/rng.h"
#include "data/kitchen_raster.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAW_SIGNER = 411, DRAW_PLACE, DRAW_FRAME, DRAW_GRAIN, GRAIN_SPARE = 1 << 16 };
#define GRAIN 6.0F /* deviation of the noise of a pixel, of 255, with noise 1 */
#define WHITE ((const float[3]){1, 1, 1})

/* Lengths are in sides of the picture, before the view. */
typedef struct {
    float x, y, scale; /* of the body's middle */
    float ring;        /* radius of the stations */
    float hand;        /* size of the hand */
    uint32_t clothes, sleeve, hair;
    float skin[3];
} signer_look;

typedef struct {
    uint32_t wall;
    texture wall_texture;
    float across, down; /* light: how much brighter towards right and bottom */
    float gain[3];
    float shift_x, shift_y, zoom;
} place_look;

struct sign_renderer {
    sign_options options;
    size_t pixels;
    int8_t *grain;             /* (3 * pixels + GRAIN_SPARE) */
    float *background, *light; /* (3, size, size), (size, size) */
    canvas canvas;             /* owns its planes */
    sign_clip clip;
    signer_look signer;
    place_look place;
    placement view;
};

/* ---- making -------------------------------------------------------------------------------------------------------
 */

status sign_renderer_new(const sign_options *options, sign_renderer **out)
{
    status st = OK;
    sign_renderer *r = NULL;
    TRY(sign_options_check(options));
    r = calloc(1, sizeof *r);
    if (!r) TRY(FAIL(ERR_MEMORY, "no memory to draw signs"));
    r->options = *options;
    r->pixels = (size_t)options->size * (size_t)options->size;
    r->grain = malloc(3 * r->pixels + GRAIN_SPARE);
    r->background = calloc(3 * r->pixels, sizeof *r->background);
    r->light = calloc(r->pixels, sizeof *r->light);
    r->canvas = (canvas){options->size, calloc(3 * r->pixels, sizeof *r->canvas.planes)};
    if (!r->grain || !r->background || !r->light || !r->canvas.planes) TRY(FAIL(ERR_MEMORY, "no memory to draw signs"));
    rng source = rng_stream(options->seed, DRAW_GRAIN, 0);
    grain_fill(&source, GRAIN * (float)options->noise, r->grain, 3 * r->pixels + GRAIN_SPARE);
    *out = r;
    r = NULL;
done:
    sign_renderer_free(&r);
    return st;
}

void sign_renderer_free(sign_renderer **r)
{
    if (!*r) return;
    free((*r)->grain);
    free((*r)->background);
    free((*r)->light);
    free((*r)->canvas.planes);
    free(*r);
    *r = NULL;
}

/* ---- looks --------------------------------------------------------------------------------------------------------
 */

static float spread(rng *s, float most)
{
    return most * (float)(2 * rng_uniform(s) - 1);
}

/* How much things differ: as much as usual with noise 1, and never so that the hand leaves the picture. */
static float variety(const sign_options *o)
{
    return o->noise > 1 ? 1 : (float)o->noise;
}

static void choose_signer(const sign_options *o, int signer, signer_look *out)
{
    static const uint32_t CLOTHES[] = {0x23314f, 0x4f2330, 0x2f4a38, 0x2b2b30, 0x5d4a6e, 0x7a6a3c};
    static const uint32_t HAIR[] = {0x2a1d14, 0x5a3a20, 0x141214, 0x8a6a3c};
    static const float SKINS[][3] = {{.88F, .68F, .54F}, {.75F, .54F, .40F}, {.52F, .36F, .26F}, {.94F, .77F, .66F}};
    static const uint32_t SLEEVES[] = {0x7d93c4, 0xc47d8c, 0x86b894, 0xb0a488, 0xa68fc0, 0xc8a860};
    rng s = rng_stream(o->seed, DRAW_SIGNER, (uint64_t)signer);
    float v = variety(o);
    out->x = .5F + spread(&s, .04F * v);
    out->y = .53F + spread(&s, .02F * v);
    out->scale = .94F + spread(&s, .10F * v);
    out->ring = .17F + spread(&s, .02F * v);
    out->hand = 1 + spread(&s, .15F * v);
    size_t clothes = rng_below(&s, sizeof CLOTHES / sizeof CLOTHES[0]);
    out->clothes = CLOTHES[clothes];
    out->sleeve = SLEEVES[clothes];
    out->hair = HAIR[rng_below(&s, sizeof HAIR / sizeof HAIR[0])];
    memcpy(out->skin, SKINS[rng_below(&s, 4)], sizeof out->skin);
}

static void choose_place(const sign_options *o, uint64_t number, place_look *out)
{
    static const uint32_t WALLS[] = {0xcfd8dc, 0xd9cbb4, 0xb9c9b4, 0xa9b8c9, 0xd4b8b0, 0x8d99a4, 0x5d7286, 0xe4e0d8};
    rng s = rng_stream(o->seed, DRAW_PLACE, number);
    float v = variety(o), brightness = .98F + spread(&s, .14F * v), warmth = spread(&s, .07F * v);
    out->wall = WALLS[rng_below(&s, sizeof WALLS / sizeof WALLS[0])];
    out->wall_texture = (texture)rng_below(&s, 4);
    out->across = spread(&s, .35F * v);
    out->down = spread(&s, .25F * v);
    out->gain[0] = brightness * (1 + warmth);
    out->gain[1] = brightness;
    out->gain[2] = brightness * (1 - warmth);
    out->shift_x = spread(&s, .03F * v);
    out->shift_y = spread(&s, .02F * v);
    out->zoom = 1 + spread(&s, .05F * v);
}

/* From the signer's coordinates (0 at the middle of the chest, lengths in sides) to pixels. */
static placement view_of(const sign_options *o, const signer_look *who, const place_look *where)
{
    float side = (float)o->size, scale = side * who->scale * where->zoom;
    return (placement){
        .xx = scale, .yy = scale, .x = side * (who->x + where->shift_x), .y = side * (who->y + where->shift_y)};
}

void sign_box(const sign_options *o, const sign_clip *clip, int out[4])
{
    signer_look who;
    place_look where;
    choose_signer(o, clip->signer, &who);
    choose_place(o, clip->number, &where);
    placement view = view_of(o, &who, &where);
    const float reach[4] = {-.4F, -.44F, .4F, .5F};
    for (int i = 0; i < 4; i++) {
        float at = i % 2 ? view.y + reach[i] * view.yy : view.x + reach[i] * view.xx;
        at = at < 0 ? 0 : at > (float)o->size ? (float)o->size : at;
        out[i] = (int)at;
    }
}

/* ---- drawing ------------------------------------------------------------------------------------------------------
 */

static void draw_part(sign_renderer *r, const part *p, const float tint[3])
{
    canvas_part(&r->canvas, &r->view, p, tint, 1);
}

static void draw_background(sign_renderer *r)
{
    const signer_look *who = &r->signer;
    float side = (float)r->options.size;
    placement room = {.xx = side / 6, .yy = side / 6, .x = side / 2, .y = side / 2};
    const part wall = {BOX, r->place.wall_texture, 0, 0, 12, 12, 0, r->place.wall};
    const part body = {BOX, PLAIN, 0, .2F, .19F, .36F, 0, who->clothes};
    const part shoulders = {DISC, PLAIN, 0, -.08F, .21F, .12F, 0, who->clothes};
    const part neck = {ROD, PLAIN, 0, -.2F, .05F, .045F, .25F, 0xe8e8e8};
    const part hair = {DISC, PLAIN, 0, -.315F, .1F, .115F, 0, who->hair};
    const part face = {DISC, PLAIN, 0, -.295F, .078F, .1F, 0, 0xffffff};
    const part left_eye = {DISC, PLAIN, -.03F, -.305F, .011F, .009F, 0, 0x1c1a1a};
    const part right_eye = {DISC, PLAIN, .03F, -.305F, .011F, .009F, 0, 0x1c1a1a};
    const part mouth = {ROD, PLAIN, 0, -.245F, .022F, .006F, 0, 0x9a4a44};
    const part resting = {ROD, PLAIN, -.2F, .14F, .2F, .045F, .23F, who->clothes};
    canvas_part(&r->canvas, &room, &wall, WHITE, 1);
    draw_part(r, &body, WHITE);
    draw_part(r, &shoulders, WHITE);
    draw_part(r, &resting, WHITE);
    draw_part(r, &neck, who->skin);
    draw_part(r, &hair, WHITE);
    draw_part(r, &face, who->skin);
    draw_part(r, &left_eye, WHITE);
    draw_part(r, &right_eye, WHITE);
    draw_part(r, &mouth, WHITE);
    memcpy(r->background, r->canvas.planes, 3 * r->pixels * sizeof *r->background);
}

static void light_up(sign_renderer *r)
{
    float side = (float)r->options.size, across = r->place.across / side, down = r->place.down / side;
    float middle = 1 - (across + down) * side / 2;
    for (int y = 0; y < r->options.size; y++)
        for (int x = 0; x < r->options.size; x++)
            r->light[(size_t)y * (size_t)r->options.size + (size_t)x] = middle + across * (float)x + down * (float)y;
}

void sign_renderer_begin(sign_renderer *r, const sign_clip *clip)
{
    r->clip = *clip;
    choose_signer(&r->options, clip->signer, &r->signer);
    choose_place(&r->options, clip->number, &r->place);
    r->view = view_of(&r->options, &r->signer, &r->place);
    light_up(r);
    draw_background(r);
}

/* What is seen of the hand at a station: a fist from its side, an open hand, a pointing one from its back. The sides of
 * a glove differ in colour, so that small pictures tell them apart. */
static const struct {
    int fingers;
    float near; /* size, of the usual */
    float glove[3];
} HANDS[STATION_COUNT] = {{0, 1.1F, {.9F, .2F, .15F}}, {5, 1.6F, {.98F, .85F, .1F}}, {1, 1.6F, {.1F, .35F, .95F}}};

/* An arm from the shoulder, and the hand of `station` at (x, y). */
static void draw_arm(sign_renderer *r, float x, float y, int station)
{
    static const part PALM = {DISC, PLAIN, 0, 0, .055F, .06F, 0, 0xffffff};
    static const part FINGER = {ROD, PLAIN, 0, -.06F, .034F, .015F, .25F, 0xf2f2f2};
    const float shoulder_x = .19F, shoulder_y = -.04F;
    float across = x - shoulder_x, along = y - shoulder_y, length = sqrtf(across * across + along * along) + 1e-6F;
    placement sleeve = {.x = r->view.x + r->view.xx * (x + shoulder_x) / 2,
                        .y = r->view.y + r->view.yy * (y + shoulder_y) / 2,
                        .xx = r->view.xx * across / length,
                        .xy = -r->view.xx * along / length,
                        .yx = r->view.yy * along / length,
                        .yy = r->view.yy * across / length};
    const part arm = {ROD, PLAIN, 0, 0, length / 2, .04F, 0, r->signer.sleeve};
    canvas_part(&r->canvas, &sleeve, &arm, WHITE, 1);
    placement hand = placement_inside(&r->view, x, y, 0, HANDS[station].near * r->signer.hand);
    canvas_part(&r->canvas, &hand, &PALM, HANDS[station].glove, 1);
    for (int i = 0; i < HANDS[station].fingers; i++) {
        float aside = (float)i - .5F * (float)(HANDS[station].fingers - 1);
        placement finger = placement_inside(&hand, .028F * aside, 0, .05F * aside, 1);
        canvas_part(&r->canvas, &finger, &FINGER, HANDS[station].glove, 1);
    }
}

void sign_renderer_draw(sign_renderer *r, int frame, uint8_t *rgb)
{
    int station = 0, visit = 0;
    sign_station(&r->clip, frame, &station, &visit);
    uint64_t slot = (uint64_t)(station * 64 + visit); /* what of a clip does not depend on its sign */
    rng s = rng_stream(r->options.seed, DRAW_FRAME, r->clip.number << 16 | slot);
    const int8_t *grain = r->grain + rng_below(&s, GRAIN_SPARE);
    float v = variety(&r->options), turn = (float)station / STATION_COUNT;
    float x = r->signer.ring * wave(turn) + spread(&s, .006F * v);
    float y = .06F - r->signer.ring * wave(turn + .25F) + spread(&s, .006F * v);
    memcpy(r->canvas.planes, r->background, 3 * r->pixels * sizeof *r->background);
    draw_arm(r, x, y, station);
    canvas_develop(&r->canvas, r->light, r->place.gain, grain, rgb);
}
