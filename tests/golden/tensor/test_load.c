/* Weights of others, by their names and in their forms, in modules of ours: tests/golden/weights/make_weights.py wrote
 * both sides. */
#include "golden.h"
#include "tensor/load.h"

#include <stdbool.h>

#define FOLDER "tests/golden/weights/"

enum { CHILDREN = 128 };

/* Children by their names below the root. */
static struct {
    char name[GOLDEN_NAME];
    module *m;
} children[CHILDREN];
static size_t child_count;

static module *child_of(module *parent, const char *full, const char *name)
{
    for (size_t i = 0; i < child_count; i++)
        if (!strcmp(children[i].name, full)) return children[i].m;
    assert_true(child_count < CHILDREN);
    snprintf(children[child_count].name, GOLDEN_NAME, "%s", full);
    children[child_count].m = module_child(parent, name);
    return children[child_count++].m;
}

/* New parameter below `m` by a name with dots, shaped like `like`, zero. */
static void add_parameter(module *m, const char *name, const tensor *like)
{
    int64_t shape[T_DIM_MAX];
    char full[GOLDEN_NAME];
    const char *at = name;
    for (const char *dot; (dot = strchr(at, '.')); at = dot + 1) {
        char part[GOLDEN_NAME];
        snprintf(full, sizeof full, "%.*s", (int)(dot - name), name);
        snprintf(part, sizeof part, "%.*s", (int)(dot - at), at);
        m = child_of(m, full, part);
    }
    for (int i = 0; i < t_dims(like); i++) shape[i] = t_size(like, i);
    assert_non_null(module_parameter(m, at, shape, t_dims(like), (t_init){INIT_ZEROS, 0}));
}

/* A module with the parameters of the file `name`.safetensors, all zero, below `below`. */
static module *module_like(tensor_file *wanted, const char *below)
{
    child_count = 0;
    module *root = module_new(), *m = below ? module_child(root, below) : root;
    for (size_t i = 0; i < tensor_file_count(wanted); i++)
        add_parameter(m, tensor_file_name(wanted, i), tensor_file_get(wanted, tensor_file_name(wanted, i)));
    return root;
}

static tensor_file *open_wanted(const char *name)
{
    char path[128];
    tensor_file *file = NULL;
    snprintf(path, sizeof path, FOLDER "%s.safetensors", name);
    if (tensor_file_open(path, &file) != OK) fail_msg("%s", fail_message());
    return file;
}

static status load(module *m, const char *name, const load_options *options, load_result *out)
{
    char path[128];
    snprintf(path, sizeof path, FOLDER "%s.pth", name);
    return module_load_weights(m, path, options, out);
}

static void assert_equal(const module *m, tensor_file *wanted)
{
    for (size_t i = 0; i < module_parameter_count(m); i++) {
        const char *name = module_parameter_name(m, i);
        tensor *x = tensor_file_get(wanted, name);
        if (golden_distance(module_parameter_at(m, i), x) > 0) fail_msg("%s has other numbers", name);
    }
}

static void files_of_others_fit(void **state)
{
    (void)state;
    static const char *const names[] = {"names_vit", "names_avt", "names_sign2text", "names_backbone", "names_teacher"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        scope *sc = scope_open();
        tensor_file *wanted = open_wanted(names[i]);
        module *m = module_like(wanted, NULL);
        load_result result;
        if (load(m, names[i], NULL, &result) != OK) fail_msg("%s", fail_message());
        assert_int_equal(result.loaded, tensor_file_count(wanted));
        assert_int_equal(result.kept, 0);
        assert_equal(m, wanted);
        module_free(&m);
        tensor_file_close(&wanted);
        scope_close(&sc);
    }
    assert_int_equal(t_live_count(), 0);
}

static void a_backbone_goes_below_its_name(void **state)
{
    (void)state;
    scope *sc = scope_open();
    tensor_file *wanted = open_wanted("names_vit");
    module *m = module_like(wanted, "backbone");
    module_parameter(m, "other", SHAPE(2), (t_init){INIT_ONES, 0});
    load_result result;
    if (load(m, "names_vit", &(load_options){.into = "backbone"}, &result) != OK) fail_msg("%s", fail_message());
    assert_int_equal(result.loaded, tensor_file_count(wanted));
    tensor *loaded = module_find(m, "backbone.blocks.1.mlp.fc2.bias");
    assert_true(golden_distance(loaded, tensor_file_get(wanted, "blocks.1.mlp.fc2.bias")) == 0);
    assert_int_equal(load(m, "names_vit", &(load_options){.into = "back"}, NULL), ERR_CONFIG);
    fail_clear();
    module_free(&m);
    tensor_file_close(&wanted);
    scope_close(&sc);
}

/* A module of the ViT's, but for its head and positions, and with a parameter more. */
static module *other_vit(tensor_file *wanted, int64_t classes, int64_t positions)
{
    child_count = 0;
    module *m = module_new();
    for (size_t i = 0; i < tensor_file_count(wanted); i++) {
        const char *name = tensor_file_name(wanted, i);
        if (!strcmp(name, "head.weight")) add_parameter(m, name, t_zeros(T_F32, SHAPE(classes, 4)));
        else if (!strcmp(name, "head.bias")) add_parameter(m, name, t_zeros(T_F32, SHAPE(classes)));
        else if (!strcmp(name, "pos_embed")) add_parameter(m, name, t_zeros(T_F32, SHAPE(1, positions, 4)));
        else if (strcmp(name, "norm.bias")) add_parameter(m, name, tensor_file_get(wanted, name));
    }
    return m;
}

static void what_does_not_fit_is_told_at_once(void **state)
{
    (void)state;
    scope *sc = scope_open();
    tensor_file *wanted = open_wanted("names_vit");
    module *m = other_vit(wanted, 7, 10);
    module_parameter(m, "extra", SHAPE(2), (t_init){INIT_ONES, 0});
    static const char *const told[] = {"missing: extra", "left over: encoder.ln.bias",
                                       "heads.head.weight (3, 4), here (7, 4)", "heads.head.bias (3), here (7)",
                                       "encoder.pos_embedding (1, 5, 4), here (1, 10, 4) (positions of pictures"};
    assert_int_equal(load(m, "names_vit", NULL, NULL), ERR_INPUT);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!strstr(fail_message(), told[i])) fail_msg("\"%s\" is not in \"%s\"", told[i], fail_message());
    fail_clear();
    assert_true(golden_distance(module_find(m, "norm.weight"), t_zeros(T_F32, SHAPE(4))) == 0); /* nothing was loaded */
    module_free(&m);
    tensor_file_close(&wanted);
    scope_close(&sc);
}

static void a_head_of_other_classes_is_passed_over_when_asked(void **state)
{
    (void)state;
    static const char *const skip[] = {"head", "encoder.ln.bias", NULL}, *const less[] = {"encoder.ln.bias", NULL};
    scope *sc = scope_open();
    tensor_file *wanted = open_wanted("names_vit");
    module *m = other_vit(wanted, 7, 5);
    load_result result;
    assert_int_equal(load(m, "names_vit", &(load_options){.skip = less}, NULL), ERR_INPUT);
    fail_clear();
    if (load(m, "names_vit", &(load_options){.skip = skip}, &result) != OK) fail_msg("%s", fail_message());
    assert_int_equal(result.kept, 2);
    assert_int_equal(result.loaded, tensor_file_count(wanted) - 3);
    module_free(&m);
    m = other_vit(wanted, 3, 5); /* a head that fits is taken, skipped or not */
    if (load(m, "names_vit", &(load_options){.skip = skip}, &result) != OK) fail_msg("%s", fail_message());
    assert_int_equal(result.kept, 0);
    module_free(&m);
    tensor_file_close(&wanted);
    scope_close(&sc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_of_others_fit),
        cmocka_unit_test(a_backbone_goes_below_its_name),
        cmocka_unit_test(what_does_not_fit_is_told_at_once),
        cmocka_unit_test(a_head_of_other_classes_is_passed_over_when_asked),
    };
    return cmocka_run_group_tests(tests, golden_start, NULL);
}
