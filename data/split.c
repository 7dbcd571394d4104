#include "data/split.h"

#include "base/file.h"
#include "data/instances.h"
#include "data/stratify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[PART_COUNT] = {[PART_TRAIN] = "train", [PART_DEVELOPMENT] = "val", [PART_EVAL] = "test"};

/* ---- reading ------------------------------------------------------------------------------------------------------
 */

/* Whether the list says ranges and boxes: WLASL's own form does, told by its first byte and key. */
static bool has_details(const char *path)
{
    char head[256] = "";
    FILE *file = fopen(path, "rbe");
    if (!file) return false; /* the reader says it better */
    size_t count = fread(head, 1, sizeof head - 1, file);
    fclose(file);
    head[count] = '\0';
    const char *first = head + strspn(head, " \t\r\n");
    return *first == '[' && strstr(head, "\"instances\"");
}

/* The source as a recipe: the reader and its checks are the same as in training. */
static status read_source(const split_order *o, instance_list *out)
{
    status st = OK;
    recipe *r = NULL;
    bool folder = directory_exists(o->source), details = false;
    char stages[] = "stages=[evaluate]", range[] = "data.use_range=true", box[] = "data.use_box=true";
    char *overrides[] = {stages, range, box};
    if (!folder) details = has_details(o->source);
    TRY(recipe_read(NULL, overrides, details ? 3 : 1, &r));
    TRY(recipe_set(r, "data.format", folder ? "folder" : "wlasl"));
    TRY(recipe_set(r, "data.train", o->source));
    if (o->videos) TRY(recipe_set(r, "data.videos", o->videos));
    TRY(instances_read(r, out));
done:
    recipe_free(&r);
    return st;
}

static status check_order(const split_order *o)
{
    for (size_t i = 0; i < PART_COUNT; i++)
        if (!isfinite(o->parts[i]) || o->parts[i] <= 0)
            return FAIL(ERR_CONFIG, "each of the three parts must be above 0, as in .7,.15,.15");
    return OK;
}

static status deal(const split_order *o, const instance_list *list, unsigned char *part_of)
{
    status st = OK;
    const double parts[PART_COUNT] = {
        [PART_TRAIN] = o->parts[0], [PART_DEVELOPMENT] = o->parts[1], [PART_EVAL] = o->parts[2]};
    int64_t *class_of = calloc(list->count, sizeof *class_of);
    const char **uids = calloc(list->count, sizeof *uids);
    if (!class_of || !uids) TRY(FAIL(ERR_MEMORY, "no memory to split %zu clips", list->count));
    for (size_t i = 0; i < list->count; i++) {
        class_of[i] = list->at[i].class_id;
        uids[i] = list->at[i].uid;
    }
    TRY(stratify(class_of, uids, list->count, parts, o->seed, part_of));
done:
    free(class_of);
    free(uids);
    return st;
}

/* ---- writing ------------------------------------------------------------------------------------------------------
 */

static json_t *instance_to_json(const instance *of, size_t number, unsigned char part)
{
    json_t *object = json_pack("{s:f, s:I, s:I, s:I, s:s, s:s, s:i, s:s}", "fps", of->fps, "frame_end",
                               (json_int_t)(of->last_frame < 0 ? -1 : of->last_frame + 1), "frame_start",
                               (json_int_t)of->first_frame + 1, "instance_id", (json_int_t)number, "signer_id",
                               of->signer, "split", NAMES[part], "variation_id", 0, "video_id", of->video);
    if (object && !of->signer[0]) json_object_set_new(object, "signer_id", json_null());
    if (object && of->boxed)
        json_object_set_new(object, "bbox",
                            json_pack("[I,I,I,I]", (json_int_t)of->box[0], (json_int_t)of->box[1],
                                      (json_int_t)of->box[2], (json_int_t)of->box[3]));
    return object;
}

static status write_clips(const instance_list *list, const unsigned char *part_of, const char *path)
{
    status st = OK;
    char *text = NULL;
    json_t *root = json_array();
    bool failed = !root;
    for (size_t i = 0; i < list->classes.action_count; i++)
        failed |= json_array_append_new(
                      root, json_pack("{s:s, s:[]}", "gloss", list->classes.actions[i].name, "instances")) != 0;
    for (size_t i = 0; !failed && i < list->count; i++) {
        json_t *instances = json_object_get(json_array_get(root, (size_t)list->at[i].class_id), "instances");
        json_t *made = instance_to_json(&list->at[i], json_array_size(instances), part_of[i]);
        failed |= json_array_append_new(instances, made) != 0;
    }
    if (!failed) text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    if (!text) TRY(FAIL(ERR_MEMORY, "no memory for %s", path));
    TRY(file_write(path, text, strlen(text)));
done:
    free(text);
    json_decref(root);
    return st;
}

static status count_clips(const instance_list *list, const unsigned char *part_of, split_result *out)
{
    size_t classes = list->classes.action_count, *of_class = calloc(classes, sizeof *of_class), used = 0;
    *out = (split_result){.glosses = classes};
    if (!of_class) return FAIL(ERR_MEMORY, "no memory for %zu classes", classes);
    for (size_t i = 0; i < list->count; i++) {
        out->clips[part_of[i] == PART_TRAIN ? 0 : part_of[i] == PART_DEVELOPMENT ? 1 : 2]++;
        of_class[list->at[i].class_id]++;
    }
    for (size_t i = 0; i < classes; i++) {
        const char *name = list->classes.actions[i].name;
        if (of_class[i] >= PART_COUNT) continue;
        out->scarce++;
        if (used + strlen(name) + 8 < sizeof out->scarce_names)
            used += (size_t)snprintf(out->scarce_names + used, sizeof out->scarce_names - used, "%s%s",
                                     used ? ", " : "", name);
    }
    free(of_class);
    return OK;
}

status split_make(const split_order *order, split_result *out)
{
    status st = OK;
    instance_list list = {0};
    unsigned char *part_of = NULL;
    char *path = path_join(order->out, "clips.json");
    if (!path) TRY(FAIL(ERR_MEMORY, "no memory for the name of a file"));
    TRY(check_order(order));
    if (file_exists(path)) TRY(FAIL(ERR_CREATE, "%s: is there already: say a new directory", path));
    TRY(read_source(order, &list));
    part_of = calloc(list.count, 1);
    if (!part_of) TRY(FAIL(ERR_MEMORY, "no memory to split %zu clips", list.count));
    TRY(deal(order, &list, part_of));
    TRY(count_clips(&list, part_of, out));
    TRY(directory_make(order->out));
    TRY(write_clips(&list, part_of, path));
done:
    free(path);
    free(part_of);
    instances_free(&list);
    return st;
}
