#include "data/annotations.h"

#include "scratch.h"

static const char ACTIONS[] =
    "id,action,verb,noun\n0, take_pan,0,1\n1, take_fridge,0,0\n2, get_pan:sauce,0,3\n3, open_fridge,2,0\n";

static class_list read_classes(const char *text)
{
    class_list classes = {0};
    assert_ok(classes_read(scratch_file("actions.csv", text), &classes));
    return classes;
}

static segment_list read_segments(const char *text, const char *format, const class_list *classes)
{
    segment_list list = {0};
    assert_ok(segments_read(scratch_file("t.csv", text), format, 30, classes, &list));
    return list;
}

static void assert_bad_segments(const char *text, const char *format, const class_list *classes, const char *part)
{
    segment_list list = {0};
    assert_failed(segments_read(scratch_file("t.csv", text), format, 30, classes, &list), ERR_INPUT, part);
    assert_null(list.at);
}

static void assert_bad_classes(const char *text, const char *part)
{
    class_list classes = {0};
    assert_failed(classes_read(scratch_file("actions.csv", text), &classes), ERR_INPUT, part);
}

/* ---- classes ----------------------------------------------------------------------------------------------------- */

static void test_classes_with_header(void **state)
{
    (void)state;
    class_list c = read_classes(ACTIONS);
    assert_int_equal(c.action_count, 4);
    assert_int_equal(c.verb_count, 3);
    assert_int_equal(c.noun_count, 4);
    assert_string_equal(c.actions[0].name, "take_pan");
    assert_string_equal(c.actions[0].text, "take <v> pan");
    assert_string_equal(c.actions[2].text, "get <v> sauce pan");
    assert_int_equal(c.actions[3].verb, 2);
    assert_string_equal(c.verbs[0], "take"); /* twice, "get" once */
    assert_null(c.verbs[1]);
    assert_string_equal(c.verbs[2], "open");
    assert_string_equal(c.nouns[0], "fridge");
    assert_string_equal(c.nouns[3], "pan:sauce");
    assert_int_equal(class_find(&c, "open_fridge"), 3);
    assert_int_equal(class_find(&c, "open"), -1);
    classes_free(&c);
    classes_free(&c);
    classes_free(NULL);
}

static void test_classes_with_columns_in_another_order(void **state)
{
    (void)state;
    class_list c = read_classes("id,verb,noun,action\n1,4,2,peel carrot\n0,3,1,turn-on_tap\n");
    assert_string_equal(c.actions[0].name, "turn-on_tap");
    assert_string_equal(c.actions[0].text, "turn-on <v> tap");
    assert_string_equal(c.actions[1].text, "peel <v> carrot");
    assert_int_equal(c.actions[1].verb, 4);
    assert_int_equal(c.actions[1].noun, 2);
    classes_free(&c);
}

static void test_classes_without_header(void **state)
{
    (void)state;
    class_list c = read_classes("0, 0_0, Inspect/Read_recipe\n1, 1_5, Open_fridge\n2, 2_2, Take_eating:utensil\n");
    assert_int_equal(c.action_count, 3);
    assert_string_equal(c.actions[0].text, "inspect or read <v> recipe");
    assert_string_equal(c.actions[2].name, "Take_eating:utensil");
    assert_string_equal(c.actions[2].text, "take <v> eating utensil");
    assert_int_equal(c.actions[1].verb, 1);
    assert_int_equal(c.actions[1].noun, 5);
    assert_int_equal(c.noun_count, 6);
    assert_string_equal(c.verbs[2], "Take");
    classes_free(&c);
}

static void test_bad_classes(void **state)
{
    (void)state;
    assert_bad_classes("", "actions.csv: no action classes");
    assert_bad_classes("id,action,verb,noun\n", "below the header");
    assert_bad_classes("id,action,verb\n0,take_pan,0\n", "actions.csv:1: no action classes: expected a header");
    assert_bad_classes("id,action,verb,noun\n0,take_pan,0\n", "actions.csv:2: noun is missing");
    assert_bad_classes("id,action,verb,noun\n0,take_pan,zero,1\n", "actions.csv:2: verb \"zero\"");
    assert_bad_classes("id,action,verb,noun\n0,,0,1\n", "actions.csv:2: action is empty");
    assert_bad_classes("id,action,verb,noun\n0,a_b,0,99999999\n", "actions.csv:2: noun 99999999 is out of bounds");
    assert_bad_classes("id,action,verb,noun\n0,a_b,0,1\n2,a_c,0,2\n",
                       "actions.csv:3: class id 2, but no class has id 1");
    assert_bad_classes("id,action,verb,noun\n0,a_b,0,1\n1,a_c,0,2\n0,a_d,0,3\n",
                       "actions.csv:4: class id 0 was given in line 2 already");
    assert_bad_classes("0, 0-0, Take_pan\n", "actions.csv:1: \"0-0\" is not a verb and a noun class");
    assert_bad_classes("0, 0_99999999999999999999, Take_pan\n", "not a verb and a noun class");
    class_list classes = {0};
    assert_failed(classes_read("/nowhere/actions.csv", &classes), ERR_MISSING, "/nowhere/actions.csv");
}

/* ---- rulstm ------------------------------------------------------------------------------------------------------ */

static void test_rulstm(void **state)
{
    (void)state;
    class_list c = read_classes(ACTIONS);
    segment_list list = read_segments("00330, P01_02, 0000000150, 0000000205, 000, 001, 0000\n"
                                      "00331, P01_02, 0000000060, 0000000090, 002, 000, 0003\n",
                                      "auto", &c);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.at[0].uid, "00330");
    assert_string_equal(list.at[0].sequence, "P01_02");
    assert_true(list.at[0].start == 5.0);
    assert_true(list.at[0].end == 205 / 30.0);
    assert_int_equal(list.at[1].action, 3);
    assert_int_equal(list.at[1].verb, 2);
    assert_int_equal(list.at[1].place, 1);
    segments_sort(&list);
    assert_string_equal(list.at[0].uid, "00331");
    segments_free(&list);
    segments_free(&list);
    classes_free(&c);
}

static void test_bad_rulstm(void **state)
{
    (void)state;
    class_list c = read_classes(ACTIONS);
    assert_bad_segments("", "auto", &c, "t.csv: a file without segments");
    assert_bad_segments("1,v,5,9,0,1,0\n2,v,5,9,0,1\n", "auto", &c, "t.csv:2: 6 columns where this form has 7");
    assert_bad_segments("1,v,5,9,0,1,0\n2,v,5,x,0,1,0\n", "auto", &c, "t.csv:2: end frame \"x\"");
    assert_bad_segments("1,v,5,9,0,1,0\n2,v,9,5,0,1,0\n", "auto", &c, "t.csv:2: the segment ends (frame 5) before");
    assert_bad_segments("1,v,5,9,0,1,4\n", "auto", &c, "t.csv:1: unknown class: action 4; the action classes end at 3");
    assert_bad_segments("1,v,5,9,7,1,0\n", "auto", &c, "t.csv:1: unknown class: verb 7");
    assert_bad_segments("1,v,5,9,0,9,0\n", "auto", &c, "t.csv:1: unknown class: noun 9");
    assert_bad_segments("1,v,5,9,2,1,0\n", "auto", &c, "t.csv:1: verb 2 and noun 1 do not fit action 0, take_pan");
    assert_bad_segments("1,v,5,9,0,1,-1\n", "auto", &c, "t.csv:1: action -1 is out of bounds");
    assert_bad_segments("1,v,5,9,0,1,0\n2,v,6,9,0,1,0\n1,w,7,9,0,1,0\n", "auto", &c,
                        "t.csv:3: uid 1 stands in line 1 already");
    assert_bad_segments(",v,5,9,0,1,0\n", "auto", &c, "t.csv:1: uid is empty");
    assert_bad_segments("1,2,3\n", "auto", &c, "t.csv:1: none of the known forms");
    segment_list list = {0};
    assert_failed(segments_read("/nowhere/t.csv", "auto", 30, &c, &list), ERR_MISSING, "/nowhere/t.csv");
    assert_failed(segments_read(scratch_file("t.csv", "1\n"), "csv", 30, &c, &list), ERR_CONFIG,
                  "\"csv\" is not known");
    assert_failed(segments_read(scratch_file("t.csv", "1\n"), "auto", 0, &c, &list), ERR_CONFIG, "data.fps is 0");
    class_list none = {0};
    assert_failed(classes_collect(scratch_file("t.csv", "1,v,5,9,0,1,0\n"), "auto", &none), ERR_INPUT, "data.actions");
    classes_free(&c);
}

/* ---- epic -------------------------------------------------------------------------------------------------------- */

static const char EPIC[] =
    "uid,participant_id,video_id,narration,start_timestamp,stop_timestamp,start_frame,stop_frame,verb,verb_class,noun,"
    "noun_class,all_nouns,all_noun_classes\n"
    "7,P01,P01_01,\"take pan, slowly\",00:01:01.50,01:00:02.25,1,2,take,0,pan,1,\"['pan', 'x']\",\"[1, 2]\"\n"
    "8,P01,P01_01,open fridge,00:01:03.00,00:01:04.00,1,2,open,2,fridge,0,['fridge'],[0]\n"
    "9,P01,P01_02,grab pan,00:00:00.00,00:00:04.00,1,2,grab,0,pan,1,['pan'],[1]\n"
    "10,P01,P01_02,take pan,00:00:05.00,00:00:06.00,1,2,take,0,pan,1,['pan'],[1]\n"
    "11,P01,P01_02,open pan,00:00:05.00,00:00:06.00,1,2,open,2,pan,1,['pan'],[1]\n";

static void test_epic(void **state)
{
    (void)state;
    class_list c = read_classes(ACTIONS);
    segment_list list = read_segments(EPIC, "auto", &c);
    assert_int_equal(list.count, 5);
    assert_string_equal(list.at[0].uid, "7");
    assert_true(list.at[0].start == 61.5);
    assert_true(list.at[0].end == 3602.25);
    assert_int_equal(list.at[0].action, 0);
    assert_int_equal(list.at[1].action, 3);
    assert_int_equal(list.at[4].action, -1); /* no class opens a pan */
    assert_int_equal(list.at[4].verb, 2);
    segments_free(&list);
    classes_free(&c);
}

static void test_epic_with_narration_ids_and_frames(void **state)
{
    (void)state;
    class_list c = read_classes(ACTIONS);
    segment_list list =
        read_segments("narration_id,participant_id,video_id,start_frame,stop_frame,verb_class,noun_class\n"
                      "P01_01_0,P01,P01_01,30,45,0,1\nP01_01_1,P01,P01_01,60,90,0,3\n",
                      "auto", &c);
    assert_string_equal(list.at[1].uid, "P01_01_1");
    assert_true(list.at[0].end == 1.5);
    assert_int_equal(list.at[1].action, 2);
    segments_free(&list);
    classes_free(&c);
}

static void test_classes_from_epic_pairs(void **state)
{
    (void)state;
    class_list c = {0};
    assert_ok(classes_collect(scratch_file("t.csv", EPIC), "auto", &c));
    assert_int_equal(c.action_count, 3);
    assert_int_equal(c.verb_count, 3);
    assert_string_equal(c.verbs[0], "take");
    assert_null(c.verbs[1]);
    assert_string_equal(c.actions[0].name, "take_pan");
    assert_string_equal(c.actions[1].name, "open_fridge");
    assert_string_equal(c.actions[2].name, "open_pan");
    assert_string_equal(c.actions[2].text, "open <v> pan");
    segment_list list = read_segments(EPIC, "epic", &c);
    const int64_t expected[] = {0, 1, 0, 0, 2};
    for (size_t i = 0; i < list.count; i++) assert_int_equal(list.at[i].action, expected[i]);
    segments_free(&list);
    classes_free(&c);
}

static void test_bad_epic(void **state)
{
    (void)state;
    class_list c = read_classes(ACTIONS);
    const char *head = "uid,video_id,start_timestamp,stop_timestamp,verb_class,noun_class\n";
    char text[512];
    const struct {
        const char *row, *part;
    } cases[] = {
        {"1,v,00:00:01.0,00:00:02.0,,1\n", "t.csv:2: verb_class is empty"},
        {"1,v,00:00:01.0,00:00:02.0,0,x\n", "t.csv:2: noun_class \"x\""},
        {"1,v,00:00:01.0,00:00:02.0,5,1\n", "t.csv:2: unknown class: verb_class 5"},
        {"1,v,00:01.0,00:00:02.0,0,1\n", "t.csv:2: start_timestamp \"00:01.0\" is not a time"},
        {"1,v,00:61:01.0,00:00:02.0,0,1\n", "is not a time"},
        {"1,v,00:00:01.0s,00:00:02.0,0,1\n", "is not a time"},
        {"1,v,99999999999:00:01,00:00:02.0,0,1\n", "is not a time"},
        {"1,v,00:00:03.0,00:00:02.0,0,1\n", "t.csv:2: the segment ends (2.000 s) before it starts (3.000 s)"},
        {"1,v\n", "t.csv:2: start_timestamp is missing"},
        {"\n", "t.csv: a file without segments below its header"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, "%s%s", head, cases[i].row);
        assert_bad_segments(text, "auto", &c, cases[i].part);
    }
    assert_bad_segments("uid,video_id,verb_class\n1,v,0\n", "epic", &c,
                        "not of the form epic: the header has no column noun_class");
    assert_bad_segments("video_id,start_frame,stop_frame,verb_class,noun_class\nv,1,2,0,1\n", "auto", &c,
                        "uid (or narration_id) is missing");
    classes_free(&c);
}

/* ---- glosses ----------------------------------------------------------------------------------------------------- */

static const char PHOENIX[] = "name|signer|gloss|text\n"
                              "train/a-1|Signer08|JETZT WETTER  MORGEN WETTER|und \"nun die, wettervorhersage\n"
                              "train/a-2|Signer01|WETTER \xc3\x9c"
                              "BER|x\n";

static void test_phoenix(void **state)
{
    (void)state;
    class_list c = {0};
    assert_ok(classes_collect(scratch_file("t.csv", PHOENIX), "auto", &c));
    assert_int_equal(c.action_count, 4);
    assert_string_equal(c.actions[1].name, "WETTER");
    assert_string_equal(c.actions[3].text, "\xc3\x9c"
                                           "BER");
    assert_int_equal(c.actions[0].verb, -1);
    assert_int_equal(c.verb_count, 0);
    segment_list list = read_segments(PHOENIX, "auto", &c);
    assert_int_equal(list.count, 6);
    assert_string_equal(list.at[3].uid, "train/a-1/3");
    assert_string_equal(list.at[3].sequence, "train/a-1");
    assert_true(list.at[3].start == 3 && list.at[3].end == 4);
    assert_int_equal(list.at[3].action, 1);
    assert_int_equal(list.at[5].place, 5);
    segments_free(&list);
    list = read_segments("name|gloss\nx|WETTER NEU\n", "phoenix", &c);
    assert_int_equal(list.at[0].action, 1);
    assert_int_equal(list.at[1].action, -1);
    segments_free(&list);
    classes_free(&c);
}

static void test_boston104(void **state)
{
    (void)state;
    const char *text =
        "video,speaker,word,startframe,endframe\n1,w,JOHN,0,29\n1,w,WRITE,30,59\n3,w,JOHN,0,5\n1,w,JOHN,60,60\n";
    class_list c = {0};
    assert_ok(classes_collect(scratch_file("t.csv", text), "auto", &c));
    assert_int_equal(c.action_count, 2);
    segment_list list = read_segments(text, "auto", &c);
    assert_string_equal(list.at[0].uid, "1/0");
    assert_string_equal(list.at[2].uid, "3/0");
    assert_string_equal(list.at[3].uid, "1/2");
    assert_true(list.at[0].end == 1.0); /* frame 29 belongs to it */
    assert_int_equal(list.at[3].action, 0);
    segments_free(&list);
    classes_free(&c);
}

static void test_lines(void **state)
{
    (void)state;
    class_list c = {0};
    assert_ok(classes_collect(scratch_file("t.csv", "JOHN, WRITE\n\nMARY JOHN,\n"), "lines", &c));
    assert_int_equal(c.action_count, 3);
    segment_list list = read_segments("JOHN, WRITE\n\nMARY JOHN,\n", "lines", &c);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.at[3].uid, "t.csv:3/1");
    assert_int_equal(list.at[3].action, 0);
    segments_free(&list);
    classes_free(&c);
}

static void test_bad_glosses(void **state)
{
    (void)state;
    class_list c = {0};
    assert_ok(classes_collect(scratch_file("t.csv", PHOENIX), "auto", &c));
    assert_bad_segments("name|gloss\na|X\nb|\n", "auto", &c, "t.csv:3: gloss is empty");
    assert_bad_segments("name|gloss\na|X\nb|Y\na|Z\n", "auto", &c, "t.csv:4: the sentence a stands in line 2 already");
    assert_bad_segments("name|gloss\na\n", "auto", &c, "t.csv:2: gloss is missing");
    assert_bad_segments("video,word,startframe,endframe\n1,A,5,3\n", "auto", &c, "t.csv:2: the segment ends (frame 3)");
    assert_bad_segments("video,word,startframe,endframe\n1,A,5\n", "auto", &c, "t.csv:2: end frame is missing");
    assert_bad_segments("video,word\n1,A\n", "boston104", &c, "the header has no column startframe");
    classes_free(&c);
}

/* ---- lists ------------------------------------------------------------------------------------------------------- */

static void test_sorting_goes_by_sequence_start_and_place(void **state)
{
    (void)state;
    class_list c = read_classes(ACTIONS);
    segment_list list = read_segments("a,w,9,9,0,1,0\nb,v,5,9,0,1,0\nc,v,5,6,0,1,0\nd,v,2,9,0,1,0\n", "rulstm", &c);
    segments_sort(&list);
    const char *expected = "dbca";
    for (size_t i = 0; i < 4; i++) assert_int_equal(list.at[i].uid[0], expected[i]);
    segments_free(&list);
    classes_free(&c);
}

static void test_observable_segments(void **state)
{
    (void)state;
    segment s = {.start = 31 / 30.0};
    assert_true(segment_is_observable(&s, 1.0, 30)); /* frame 1 lies one second before frame 31 */
    s.start = 30 / 30.0;
    assert_false(segment_is_observable(&s, 1.0, 30));
    assert_true(segment_is_observable(&s, 0.5, 30));
}

static void test_sequence_texts(void **state)
{
    (void)state;
    class_list c = {0};
    const char *text = "video,word,startframe,endframe\n1,JOHN,9,9\n2,JOHN,1,3\n1,WRITE,2,5\n2,MARY,5,6\n";
    assert_ok(classes_collect(scratch_file("t.csv", text), "auto", &c));
    segment_list list =
        read_segments("video,word,startframe,endframe\n1,JOHN,9,9\n2,JOHN,1,3\n1,WRITE,2,5\n2,NEW,5,6\n", "auto", &c);
    const char **texts = NULL;
    assert_ok(sequence_texts(&list, &c, &texts));
    assert_string_equal(texts[0], "WRITE JOHN");
    assert_string_equal(texts[1], "JOHN <unknown>");
    assert_string_equal(texts[2], "WRITE JOHN");
    assert_string_equal(texts[3], "JOHN <unknown>");
    free(texts);
    segments_free(&list);
    classes_free(&c);
}

enum { SEGMENTS = 1000, GROUPS = 100 };

static void test_development_takes_whole_groups_in_any_order(void **state)
{
    (void)state;
    static char names[GROUPS][8];
    const char *groups[SEGMENTS], *reversed[SEGMENTS];
    unsigned char in[SEGMENTS], again[SEGMENTS], other[SEGMENTS];
    for (size_t i = 0; i < GROUPS; i++) snprintf(names[i], sizeof names[i], "v%zu", i);
    for (size_t i = 0; i < SEGMENTS; i++) {
        groups[i] = names[i % GROUPS];
        reversed[SEGMENTS - 1 - i] = groups[i];
    }
    assert_ok(split_development(groups, SEGMENTS, 0.1, 3, in));
    assert_ok(split_development(reversed, SEGMENTS, 0.1, 3, again));
    assert_ok(split_development(groups, SEGMENTS, 0.1, 4, other));
    size_t held_out = 0;
    for (size_t i = 0; i < SEGMENTS; i++) {
        assert_int_equal(in[i], in[i % GROUPS]);
        assert_int_equal(in[i], again[SEGMENTS - 1 - i]);
        held_out += in[i];
    }
    assert_int_equal(held_out, SEGMENTS / 10);
    assert_memory_not_equal(in, other, SEGMENTS);
}

static void test_development_leaves_a_group_on_each_side(void **state)
{
    (void)state;
    const char *groups[] = {"a", "b", "b"};
    unsigned char in[3];
    assert_ok(split_development(groups, 3, 0.01, 0, in));
    assert_int_equal(in[0] + in[1], 1);
    assert_int_equal(in[1], in[2]);
    assert_ok(split_development(groups, 3, 0.99, 0, in));
    assert_int_equal(in[0] + in[1], 1);
    assert_failed(split_development(groups + 1, 2, 0.5, 0, in), ERR_INPUT, "nothing can be held out");
}

static void test_ids(void **state)
{
    (void)state;
    int64_t *ids = NULL;
    size_t count = 0;
    assert_ok(ids_read(scratch_file("many.csv", "verb_class,verb\n1,put\n0,take\n4,wash\n\n"), &ids, &count));
    assert_int_equal(count, 3);
    assert_int_equal(ids[2], 4);
    free(ids);
    assert_failed(ids_read(scratch_file("many.csv", "verb_class,verb\n1,put\nx,take\n"), &ids, &count), ERR_INPUT,
                  "many.csv:3");
    assert_failed(ids_read(scratch_file("many.csv", "1,put\n"), &ids, &count), ERR_INPUT,
                  "many.csv:1: expected a header");
    assert_failed(ids_read(scratch_file("many.csv", "verb_class\n"), &ids, &count), ERR_INPUT, "no class ids");
}

static void test_egtea(void **state)
{
    (void)state;
    class_list c = {0};
    segment_list list = {0};
    static const char ROWS[] = "OP01-R01-PastaSalad-1002316-1004005-F024051-F024101 1 1 1\n"
                               "P02-R02-Turkey-102320-105110-F002449-F002529 3 3 3 5 \n";
    assert_ok(classes_read(
        scratch_file("c.csv", "0, 0_0, Inspect/Read_recipe\n1, 1_5, Open_fridge\n2, 2_2, Take_eating:utensil\n"), &c));
    for (int named = 0; named < 2; named++) {
        assert_ok(segments_read(scratch_file("e.txt", ROWS), named ? "egtea" : "auto", 24, &c, &list));
        assert_int_equal(list.count, 2);
        assert_string_equal(list.at[0].uid, "OP01-R01-PastaSalad-1002316-1004005-F024051-F024101");
        assert_string_equal(list.at[0].sequence, "OP01-R01-PastaSalad");
        assert_true(list.at[0].start == 1002.316 && list.at[0].end == 1004.005);
        assert_int_equal(list.at[0].action, 0);
        assert_int_equal(list.at[1].action, 2);
        assert_int_equal(list.at[1].verb, 2);
        segments_free(&list);
    }
    static const char *const BAD[][2] = {{"A-1-2-F1-F2 4 1 1\n", "e.txt:1: unknown class: action 4"},
                                         {"A-1-2-F1-F2 0 1 1\n", "action 0"},
                                         {"A-1-2-F1-F2\n", "is not a line like"},
                                         {"A-1-2-F1-F2 x\n", "is not a line like"},
                                         {"-1-2-F1-F2 1\n", "is not a line like"},
                                         {"A-3-2-F1-F2 1\n", "ends (0.002 s) before"},
                                         {"A-1-F1-F2 1\n", "is not a line like"}};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_failed(segments_read(scratch_file("e.txt", BAD[i][0]), "egtea", 24, &c, &list), ERR_INPUT, BAD[i][1]);
    assert_failed(segments_read(scratch_file("e.txt", "A-1-2-F1-F2 1\nA-1-2-F1-F2 2\n"), "egtea", 24, &c, &list),
                  ERR_INPUT, "stands in line 1 already");
    classes_free(&c);
}

/* EPIC-KITCHENS-100's own header. */
static void test_epic_100(void **state)
{
    (void)state;
    class_list c = {0};
    segment_list list = {0};
    const char *path = scratch_file(
        "e.csv", "narration_id,participant_id,video_id,narration_timestamp,start_timestamp,stop_timestamp,start_frame,"
                 "stop_frame,narration,verb,verb_class,noun,noun_class,all_nouns,all_noun_classes\n"
                 "P01_01_0,P01,P01_01,00:00:01.089,00:00:00.14,00:00:03.37,8,202,open door,open,3,door,3,['door'],[3]\n"
                 "P01_01_1,P01,P01_01,00:00:02.629,00:00:04.37,00:00:06.17,262,370,\"turn on, light\",turn-on,6,light,"
                 "114,['light'],[114]\n");
    assert_ok(classes_collect(path, "auto", &c));
    assert_int_equal(c.action_count, 2);
    assert_string_equal(c.actions[1].name, "turn-on_light");
    assert_ok(segments_read(path, "auto", 60, &c, &list));
    assert_string_equal(list.at[1].uid, "P01_01_1");
    assert_true(list.at[0].start == .14 && list.at[1].end == 6.17);
    assert_int_equal(list.at[1].action, 1);
    segments_free(&list);
    classes_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes_with_header),
        cmocka_unit_test(test_classes_with_columns_in_another_order),
        cmocka_unit_test(test_classes_without_header),
        cmocka_unit_test(test_bad_classes),
        cmocka_unit_test(test_rulstm),
        cmocka_unit_test(test_bad_rulstm),
        cmocka_unit_test(test_epic),
        cmocka_unit_test(test_epic_with_narration_ids_and_frames),
        cmocka_unit_test(test_egtea),
        cmocka_unit_test(test_epic_100),
        cmocka_unit_test(test_classes_from_epic_pairs),
        cmocka_unit_test(test_bad_epic),
        cmocka_unit_test(test_phoenix),
        cmocka_unit_test(test_boston104),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bad_glosses),
        cmocka_unit_test(test_sorting_goes_by_sequence_start_and_place),
        cmocka_unit_test(test_observable_segments),
        cmocka_unit_test(test_sequence_texts),
        cmocka_unit_test(test_development_takes_whole_groups_in_any_order),
        cmocka_unit_test(test_development_leaves_a_group_on_each_side),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, scratch_open, scratch_close);
}
