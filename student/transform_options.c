#include "student/transform_options.h"

#include <stdlib.h>
#include <string.h>

static clip_crop crop_of(const char *word)
{
    if (!strcmp(word, "centre")) return CROP_CENTRE;
    if (!strcmp(word, "resized")) return CROP_RESIZED;
    return strcmp(word, "stretch") ? CROP_RANDOM : CROP_STRETCH;
}

static void read_place(const recipe *r, transform_options *o)
{
    static const char sides[] = "student.transform.short_side";
    o->size = (int)recipe_int(r, "student.transform.size");
    o->short_side[0] = (int)recipe_list_int(r, sides, 0);
    o->short_side[1] = (int)recipe_list_int(r, sides, recipe_list_count(r, sides) - 1);
    o->antialias = recipe_bool(r, "student.transform.antialias");
    o->crop = crop_of(recipe_text(r, "student.transform.crop"));
    for (size_t i = 0; i < 2; i++) {
        o->area[i] = recipe_list_real(r, "student.transform.crop_area", i);
        o->proportions[i] = recipe_list_real(r, "student.transform.crop_proportions", i);
    }
    o->crops = atoi(recipe_text(r, "student.transform.crops"));
    o->flip = recipe_real(r, "student.transform.flip");
    o->flip_views = recipe_bool(r, "student.transform.flip_views");
    o->box = recipe_bool(r, "student.transform.box");
    o->box_margin = recipe_real(r, "student.transform.box_margin");
}

static void read_colors(const recipe *r, transform_options *o)
{
    for (size_t c = 0; c < 3; c++) {
        o->mean[c] = (float)recipe_list_real(r, "student.transform.mean", c);
        o->std[c] = (float)recipe_list_real(r, "student.transform.std", c);
    }
    o->color_jitter.brightness = recipe_real(r, "student.transform.color_jitter.brightness");
    o->color_jitter.contrast = recipe_real(r, "student.transform.color_jitter.contrast");
    o->color_jitter.saturation = recipe_real(r, "student.transform.color_jitter.saturation");
    o->color_jitter.hue = recipe_real(r, "student.transform.color_jitter.hue");
    o->augment.count = (int)recipe_int(r, "student.transform.rand_augment.count");
    o->augment.magnitude = recipe_real(r, "student.transform.rand_augment.magnitude");
    o->augment.deviation = recipe_real(r, "student.transform.rand_augment.deviation");
    o->augment.probability = recipe_real(r, "student.transform.rand_augment.probability");
}

status transform_options_read(const recipe *r, transform_options *out)
{
    status st = OK;
    transform_options o = {0};
    read_place(r, &o);
    read_colors(r, &o);
    TRY(transform_options_check(&o));
    *out = o;
done:
    return st;
}

short_clip transform_short_clips(const recipe *r)
{
    return strcmp(recipe_text(r, "student.transform.short_clips"), "stretch") ? SHORT_REPEAT : SHORT_STRETCH;
}
