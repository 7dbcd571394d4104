/* The tables of things, tools and motions; kitchen_looks.h says how they are read. */
#include "data/kitchen_looks.h"

#include <string.h>

// clang-format off
static const look LOOKS[] = {
    /* round things */
    {"tomato",   .140F, LOOSE, {{DISC, PLAIN, 0, 0, .85F, .75F, 0, 0xcc3b2a}, {DISC, PLAIN, 0, -.6F, .35F, .16F, 0, 0x4f8a3c}}},
    {"apple",    .140F, LOOSE, {{DISC, PLAIN, 0, 0, .78F, .80F, 0, 0xbb4a32}, {ROD, PLAIN, .05F, -.85F, .18F, .08F, .2F, 0x5a3d22}}},
    {"onion",    .140F, LOOSE, {{DISC, STRIPED, 0, .1F, .80F, .70F, 0, 0xc9963f}, {CONE, PLAIN, 0, -.75F, .2F, .16F, .75F, 0xb98a45}}},
    {"potato",   .140F, LOOSE, {{DISC, ROUGH, 0, 0, .92F, .66F, .04F, 0xb48d57}}},
    {"lemon",    .126F, LOOSE, {{DISC, PLAIN, 0, 0, .85F, .64F, .03F, 0xe6cf3c}, {DISC, PLAIN, .85F, .1F, .16F, .14F, 0, 0xd8bd38}}},
    {"egg",      .105F, LOOSE, {{DISC, PLAIN, 0, 0, .66F, .85F, .06F, 0xecdcc2}}},
    {"garlic",   .105F, LOOSE, {{DISC, STRIPED, 0, .15F, .75F, .66F, 0, 0xefe9dc}, {CONE, PLAIN, 0, -.6F, .25F, .18F, .75F, 0xd9cdb4}}},
    {"mushroom", .119F, LOOSE, {{BOX, PLAIN, 0, .45F, .26F, .45F, 0, 0xe3d8c6}, {DISC, PLAIN, 0, -.2F, .88F, .50F, 0, 0xb99a78}}},
    {"pepper",   .140F, LOOSE, {{BOX, STRIPED, 0, .05F, .62F, .78F, 0, 0xd1572a}, {ROD, PLAIN, 0, -.85F, .15F, .11F, .25F, 0x4f8a3c}}},
    {"lettuce",  .168F, LOOSE, {{DISC, ROUGH, 0, 0, .95F, .82F, 0, 0x6fae45}, {DISC, ROUGH, .05F, .05F, .5F, .45F, 0, 0xa8d07a}}},
    /* long things */
    {"carrot",   .168F, LOOSE, {{CONE, PLAIN, .1F, 0, .8F, .30F, 0, 0xe27a28}, {ROD, PLAIN, -.95F, 0, .2F, .14F, 0, 0x4f9a3c}}},
    {"cucumber", .168F, LOOSE, {{ROD, STRIPED, 0, 0, .80F, .27F, 0, 0x4c8a3a}}},
    {"fish",     .182F, LOOSE, {{DISC, PLAIN, -.1F, 0, .78F, .34F, 0, 0x8fa5b4}, {CONE, PLAIN, .8F, 0, .15F, .34F, .5F, 0x788d9c}, {DISC, PLAIN, -.6F, -.06F, .07F, .07F, 0, 0x20242a}}},
    {"chicken",  .168F, LOOSE, {{DISC, ROUGH, 0, 0, .78F, .60F, 0, 0xd9a176}, {ROD, PLAIN, .8F, -.2F, .3F, .14F, .95F, 0xe3c7a4}}},
    /* blocks and packs */
    {"cheese",   .147F, LOOSE, {{BOX, DOTTED, 0, 0, .88F, .56F, 0, 0xe9c344}}},
    {"butter",   .133F, LOOSE, {{BOX, PLAIN, 0, 0, .85F, .42F, 0, 0xf0df8c}}},
    {"bread",    .175F, LOOSE, {{BOX, ROUGH, 0, .1F, .92F, .50F, 0, 0xc08b4c}, {DISC, PLAIN, 0, -.3F, .9F, .34F, 0, 0x9c6a34}}},
    {"cake",     .175F, LOOSE, {{BOX, PLAIN, 0, .15F, .85F, .45F, 0, 0x8a5a34}, {DISC, PLAIN, 0, -.25F, .85F, .28F, 0, 0xf2e6da}, {DISC, PLAIN, 0, -.4F, .14F, .12F, 0, 0xc42a3a}}},
    {"dough",    .161F, LOOSE, {{DISC, PLAIN, 0, .05F, .92F, .62F, 0, 0xead8b2}, {DISC, PLAIN, -.25F, -.15F, .35F, .2F, 0, 0xf4e7ca}}},
    {"sponge",   .119F, LOOSE, {{BOX, DOTTED, 0, -.12F, .85F, .42F, 0, 0xe8cf3f}, {BOX, PLAIN, 0, .36F, .85F, .16F, 0, 0x3f8a52}}},
    {"soap",     .119F, LOOSE, {{BOX, PLAIN, 0, .2F, .42F, .72F, 0, 0x58b078}, {ROD, PLAIN, 0, -.7F, .2F, .12F, 0, 0xf0f0f0}}},
    {"flour",    .154F, LOOSE, {{BOX, PLAIN, 0, 0, .58F, .85F, 0, 0xe9e2d2}, {BOX, PLAIN, 0, .1F, .58F, .22F, 0, 0xb98a4a}}},
    {"sugar",    .147F, LOOSE, {{BOX, PLAIN, 0, 0, .56F, .82F, 0, 0xf1f1f1}, {BOX, PLAIN, 0, .1F, .56F, .22F, 0, 0xc24a6c}}},
    {"milk",     .161F, LOOSE, {{BOX, PLAIN, 0, 0, .44F, .88F, 0, 0xf3f5f8}, {BOX, PLAIN, 0, .15F, .44F, .28F, 0, 0x3c6fc0}}},
    {"oil",      .161F, LOOSE, {{BOX, PLAIN, 0, .2F, .36F, .74F, 0, 0xc9b23a}, {ROD, PLAIN, 0, -.75F, .2F, .13F, .25F, 0x6a7a2a}}},
    {"coffee",   .126F, LOOSE, {{BOX, PLAIN, 0, .1F, .55F, .75F, 0, 0x4c2f1e}, {BOX, PLAIN, 0, -.7F, .58F, .18F, 0, 0xc8a040}}},
    {"spice",    .112F, LOOSE, {{BOX, PLAIN, 0, .15F, .45F, .70F, 0, 0xb4531f}, {BOX, PLAIN, 0, -.65F, .48F, .2F, 0, 0x2c2c30}}},
    /* vessels */
    {"bowl",     .175F, LOOSE, {{DISC, PLAIN, 0, .15F, .92F, .66F, 0, 0xb4c3d6}, {DISC, PLAIN, 0, -.1F, .92F, .42F, 0, 0xdfe7f0}, {DISC, PLAIN, 0, -.06F, .76F, .32F, 0, 0x93a3b8}}},
    {"plate",    .182F, LOOSE, {{DISC, PLAIN, 0, 0, .98F, .58F, 0, 0xf2f2f0}, {DISC, PLAIN, 0, 0, .66F, .36F, 0, 0xd9dbdc}}},
    {"cup",      .119F, LOOSE, {{RING, PLAIN, .7F, .05F, .36F, .36F, 0, 0xd2644a}, {BOX, PLAIN, 0, .1F, .62F, .70F, 0, 0xd2644a}, {DISC, PLAIN, 0, -.55F, .62F, .2F, 0, 0x7a3a2c}}},
    {"pan",      .182F, LOOSE, {{ROD, PLAIN, 1.05F, -.1F, .5F, .11F, -.03F, 0x26282c}, {DISC, PLAIN, 0, 0, .82F, .56F, 0, 0x3a3d42}, {DISC, PLAIN, 0, -.04F, .66F, .42F, 0, 0x55595f}}},
    {"pot",      .182F, LOOSE, {{ROD, PLAIN, 0, -.1F, 1.0F, .1F, 0, 0x55595f}, {BOX, PLAIN, 0, .15F, .82F, .62F, 0, 0x8f989f}, {DISC, PLAIN, 0, -.4F, .82F, .3F, 0, 0xb6bec4}, {DISC, PLAIN, 0, -.38F, .68F, .21F, 0, 0x4b5157}}},
    {"colander", .175F, LOOSE, {{DISC, DOTTED, 0, .15F, .90F, .68F, 0, 0xaab4ba}, {DISC, PLAIN, 0, -.15F, .92F, .36F, 0, 0xd3dade}, {DISC, DOTTED, 0, -.12F, .76F, .26F, 0, 0x8b959b}}},
    {"tray",     .196F, LOOSE, {{BOX, PLAIN, 0, 0, .98F, .56F, 0, 0x5f6166}, {BOX, PLAIN, 0, 0, .84F, .42F, 0, 0x77797f}}},
    {"kettle",   .161F, LOOSE, {{RING, PLAIN, .1F, -.6F, .5F, .42F, 0, 0x2a2c30}, {DISC, PLAIN, 0, .2F, .78F, .70F, 0, 0xa9b4be}, {CONE, PLAIN, -.8F, .1F, .3F, .16F, .6F, 0xa9b4be}, {DISC, PLAIN, 0, -.4F, .4F, .14F, 0, 0x4a4f55}}},
    /* vessels with something in them */
    {"water",    .175F, LOOSE, {{BOX, PLAIN, 0, .15F, .82F, .62F, 0, 0x8f989f}, {DISC, PLAIN, 0, -.4F, .82F, .3F, 0, 0xb6bec4}, {DISC, PLAIN, 0, -.38F, .68F, .21F, 0, 0x6aa6d8}}},
    {"soup",     .175F, LOOSE, {{BOX, PLAIN, 0, .15F, .82F, .62F, 0, 0x8f989f}, {DISC, PLAIN, 0, -.4F, .82F, .3F, 0, 0xb6bec4}, {DISC, ROUGH, 0, -.38F, .68F, .21F, 0, 0xd88a3a}}},
    {"sauce",    .175F, LOOSE, {{ROD, PLAIN, 1.05F, -.1F, .5F, .11F, -.03F, 0x26282c}, {DISC, PLAIN, 0, 0, .82F, .56F, 0, 0x3a3d42}, {DISC, PLAIN, 0, -.04F, .66F, .42F, 0, 0xb2331f}}},
    {"pasta",    .175F, LOOSE, {{DISC, PLAIN, 0, .15F, .92F, .66F, 0, 0xb4c3d6}, {DISC, PLAIN, 0, -.1F, .92F, .42F, 0, 0xdfe7f0}, {DISC, STRIPED, 0, -.12F, .78F, .36F, .1F, 0xe8c865}}},
    {"rice",     .175F, LOOSE, {{DISC, PLAIN, 0, .15F, .92F, .66F, 0, 0xb4c3d6}, {DISC, PLAIN, 0, -.1F, .92F, .42F, 0, 0xdfe7f0}, {DISC, ROUGH, 0, -.12F, .78F, .36F, 0, 0xf6f3e8}}},
    {"salad",    .175F, LOOSE, {{DISC, PLAIN, 0, .15F, .92F, .66F, 0, 0xb4c3d6}, {DISC, PLAIN, 0, -.1F, .92F, .42F, 0, 0xdfe7f0}, {DISC, ROUGH, 0, -.14F, .80F, .40F, 0, 0x7fb04a}, {DISC, PLAIN, .25F, -.2F, .2F, .13F, 0, 0xc9402e}}},
    {"curry",    .182F, LOOSE, {{DISC, PLAIN, 0, 0, .98F, .58F, 0, 0xf2f2f0}, {DISC, ROUGH, 0, -.04F, .70F, .40F, 0, 0xb9792a}, {DISC, PLAIN, -.25F, -.06F, .28F, .17F, 0, 0xf1ece0}}},
    {"pizza",    .196F, LOOSE, {{DISC, PLAIN, 0, 0, .98F, .66F, 0, 0xc99a55}, {DISC, DOTTED, 0, 0, .82F, .52F, 0, 0xd8622f}}},
    {"pancake",  .175F, LOOSE, {{DISC, PLAIN, 0, 0, .92F, .54F, 0, 0xe2b768}, {DISC, ROUGH, 0, 0, .70F, .38F, 0, 0xb97d38}}},
    /* tools */
    {"knife",    .175F, LOOSE, {{CONE, PLAIN, .35F, 0, .6F, .16F, 0, 0xcfd5da}, {ROD, PLAIN, -.65F, 0, .28F, .14F, 0, 0x26221f}}},
    {"fork",     .168F, LOOSE, {{ROD, PLAIN, -.3F, 0, .6F, .08F, 0, 0xb9c0c6}, {BOX, STRIPED, .6F, 0, .32F, .2F, .25F, 0xb9c0c6}}},
    {"spoon",    .168F, LOOSE, {{ROD, PLAIN, -.3F, 0, .6F, .08F, 0, 0xb9c0c6}, {DISC, PLAIN, .6F, 0, .34F, .23F, 0, 0xc4cbd1}}},
    {"cloth",    .168F, LOOSE, {{BOX, STRIPED, 0, 0, .88F, .66F, .03F, 0xb65a7c}}},
    {"rubbish",  .154F, LOOSE, {{DISC, ROUGH, 0, .1F, .75F, .78F, 0, 0x4a5260}, {CONE, PLAIN, 0, -.75F, .18F, .2F, .25F, 0x39404c}}},
    {"hand",     .168F, BODY, {{DISC, PLAIN, 0, .2F, .55F, .62F, 0, 0xd8a684}, {ROD, PLAIN, -.32F, -.45F, .32F, .14F, .25F, 0xd8a684}, {ROD, PLAIN, 0, -.55F, .36F, .14F, .25F, 0xd29f7d}, {ROD, PLAIN, .32F, -.45F, .32F, .14F, .25F, 0xd8a684}, {ROD, PLAIN, .6F, .1F, .28F, .13F, .88F, 0xd29f7d}}},
    /* what has its place */
    {"fridge",   .200F, FRIDGE, {{BOX, PLAIN, 0, 0, .62F, 1.4F, 0, 0xdfe4e8}, {BOX, PLAIN, 0, -.4F, .62F, .03F, 0, 0x9aa2a8}, {ROD, PLAIN, .45F, .2F, .3F, .05F, .25F, 0x7a8288}}},
    {"cupboard", .160F, CUPBOARD, {{BOX, STRIPED, 0, 0, 1.1F, .75F, 0, 0xa87a4a}, {BOX, PLAIN, 0, 0, .04F, .7F, 0, 0x6d4a28}, {DISC, PLAIN, .2F, .3F, .09F, .09F, 0, 0xe8d8a8}}},
    {"oven",     .150F, OVEN, {{BOX, PLAIN, 0, 0, 1.0F, .9F, 0, 0x4a4d54}, {BOX, PLAIN, 0, .2F, .75F, .5F, 0, 0x1e1d20}, {ROD, PLAIN, 0, -.45F, .7F, .06F, 0, 0xc4c9ce}}},
    {"drawer",   .140F, DRAWER, {{BOX, STRIPED, 0, 0, 1.15F, .5F, 0, 0x9a6e42}, {ROD, PLAIN, 0, 0, .35F, .08F, 0, 0xe8d8a8}}},
    {"hob",      .140F, HOB, {{BOX, PLAIN, 0, 0, 1.05F, .55F, 0, 0x24262b}, {RING, PLAIN, -.45F, 0, .34F, .24F, 0, 0x6a6d74}, {RING, PLAIN, .45F, 0, .34F, .24F, 0, 0x6a6d74}}},
    {"tap",      .120F, TAP, {{BOX, PLAIN, 0, .75F, 1.1F, .4F, 0, 0x9aa4ac}, {ROD, PLAIN, -.4F, -.1F, .7F, .12F, .25F, 0xc9d1d8}, {ROD, PLAIN, 0, -.8F, .4F, .12F, 0, 0xc9d1d8}}},
    {"counter",  .150F, COUNTER, {{DISC, PLAIN, 0, 0, 1.2F, .5F, 0, 0xe6ecf0}}},
};

static const look TOOLS[TOOL_COUNT] = {
    [NO_TOOL] = {"", 0, LOOSE, {{0}}},
    [BLADE]   = {"", .182F, LOOSE, {{CONE, PLAIN, -.1F, .75F, .6F, .17F, .3F, 0xd5dbe0}, {ROD, PLAIN, 0, 0, .22F, .13F, .3F, 0x26221f}}},
    [SPOON]   = {"", .182F, LOOSE, {{ROD, PLAIN, 0, .45F, .55F, .09F, .25F, 0xa8763e}, {DISC, PLAIN, 0, 1.1F, .22F, .28F, 0, 0x9a6a35}}},
    [WHISK]   = {"", .182F, LOOSE, {{ROD, PLAIN, 0, .3F, .4F, .08F, .25F, 0xb9c0c6}, {RING, PLAIN, 0, 1.0F, .2F, .36F, 0, 0xc9d0d6}}},
    [PEELER]  = {"", .133F, LOOSE, {{ROD, PLAIN, 0, .3F, .4F, .11F, .25F, 0x2f6a4a}, {BOX, PLAIN, 0, .85F, .26F, .12F, 0, 0xcfd5da}}},
    [GRATER]  = {"", .168F, LOOSE, {{BOX, DOTTED, 0, .1F, .5F, .95F, .04F, 0xb4bcc2}}},
    [PIN]     = {"", .210F, LOOSE, {{ROD, PLAIN, 0, 0, 1.15F, .1F, 0, 0x7a5430}, {ROD, PLAIN, 0, 0, .75F, .22F, 0, 0xc79a62}}},
    [SPONGE]  = {"", .112F, LOOSE, {{BOX, DOTTED, 0, .3F, .8F, .5F, 0, 0xe8cf3f}}},
    [CLOTH]   = {"", .133F, LOOSE, {{BOX, STRIPED, 0, .3F, .9F, .6F, .05F, 0xb65a7c}}},
    [LID]     = {"", .168F, LOOSE, {{DISC, PLAIN, 0, .3F, .85F, .3F, 0, 0xc0c8ce}, {DISC, PLAIN, 0, 0, .16F, .16F, 0, 0x3a3d42}}},
};

/*   verb        path     tool     holds  two    across down  lag   beats lift  tilt  twist squash effect */
static const motion MOTIONS[] = {
    {"take",     TAKES,   NO_TOOL, true,  false, 0,     0,    0,    0,    .05F, 0,    0,    0,    NO_EFFECT},
    {"put",      PUTS,    NO_TOOL, true,  false, 0,     0,    0,    0,    .05F, 0,    0,    0,    NO_EFFECT},
    {"move",     MOVES,   NO_TOOL, true,  false, 0,     0,    0,    0,    .03F, 0,    0,    0,    NO_EFFECT},
    {"throw",    THROWS,  NO_TOOL, true,  false, 0,     0,    0,    0,    .10F, 0,    0,    0,    NO_EFFECT},
    {"open",     AT_WORK, NO_TOOL, false, false, 0,     0,    0,    0,    0,    0,    .10F, 0,    NO_EFFECT},
    {"close",    AT_WORK, NO_TOOL, false, false, 0,     0,    0,    0,    0,    0,   -.10F, 0,    NO_EFFECT},
    {"turn-on",  AT_WORK, NO_TOOL, false, false, 0,     0,    0,    0,    0,    0,    .30F, 0,    NO_EFFECT},
    {"turn-off", AT_WORK, NO_TOOL, false, false, 0,     0,    0,    0,    0,    0,   -.30F, 0,    NO_EFFECT},
    {"check",    AT_WORK, LID,     false, false, .02F,  .04F, 0,    .5F,  .10F, 0,    .08F, 0,    NO_EFFECT},
    {"stir",     AT_WORK, SPOON,   false, false, .06F,  .03F, .25F, .9F,  .12F, 0,    0,    0,    NO_EFFECT},
    {"mix",      AT_WORK, SPOON,   false, true,  .08F,  .05F, .25F, 1.5F, .11F, 0,    0,    0,    NO_EFFECT},
    {"whisk",    AT_WORK, WHISK,   false, true,  .04F,  .03F, .25F, 2.6F, .11F, 0,    0,    0,    NO_EFFECT},
    {"scoop",    AT_WORK, SPOON,   false, false, .04F,  .08F, .25F, .7F,  .14F, 0,    .15F, 0,    CRUMBS},
    {"cut",      AT_WORK, BLADE,   false, true,  .02F,  .06F, 0,    1.8F, .08F, 0,    0,    0,    NO_EFFECT},
    {"crack",    AT_WORK, NO_TOOL, true,  true,  .01F,  .08F, 0,    1.5F, .06F, .06F, 0,    0,    DROPS},
    {"grate",    AT_WORK, GRATER,  false, true,  .01F,  .07F, 0,    2.1F, .05F, 0,    0,    0,    CRUMBS},
    {"press",    AT_WORK, NO_TOOL, false, true,  0,     .05F, 0,    .8F,  .06F, 0,    0,    .45F, NO_EFFECT},
    {"season",   AT_WORK, NO_TOOL, false, false, .03F,  .02F, .1F,  2.8F, .17F, 0,    0,    0,    CRUMBS},
    {"squeeze",  AT_WORK, NO_TOOL, true,  false, .01F,  .02F, 0,    1.1F, .10F, 0,    0,    .40F, DROPS},
    {"peel",     AT_WORK, PEELER,  false, true,  .07F,  .03F, 0,    1.3F, .07F, 0,    0,    0,    CRUMBS},
    {"wash",     AT_WORK, SPONGE,  false, true,  .06F,  .03F, .12F, 1.5F, .05F, 0,    0,    0,    WATER},
    {"dry",      AT_WORK, CLOTH,   false, true,  .06F,  .04F, .12F, 1.2F, .05F, 0,    0,    0,    NO_EFFECT},
    {"spread",   AT_WORK, BLADE,   false, true,  .09F,  .02F, 0,    .7F,  .08F, 0,    .12F, 0,    NO_EFFECT},
    {"roll",     AT_WORK, PIN,     false, true,  .02F,  .08F, 0,    .8F,  .02F, 0,    0,    .25F, NO_EFFECT},
    {"pour",     AT_WORK, NO_TOOL, true,  false, .01F,  .01F, .25F, .5F,  .20F, -.3F, 0,    0,    STREAM},
    {"drain",    AT_WORK, NO_TOOL, true,  true,  .02F,  .03F, 0,    1.6F, .16F, -.2F, 0,    0,    DROPS},
    {"fill",     AT_WORK, NO_TOOL, true,  false, .01F,  .01F, 0,    .4F,  .02F, 0,    0,    0,    WATER},
    {"flip",     AT_WORK, NO_TOOL, true,  false, .02F,  .10F, .1F,  .7F,  .08F, 1,    0,    0,    NO_EFFECT},
    {"serve",    AT_WORK, SPOON,   false, true,  .12F,  .05F, .2F,  .5F,  .14F, 0,    .10F, 0,    DROPS},
};
// clang-format on

status look_find(const char *noun, const look **out)
{
    for (size_t i = 0; i < sizeof LOOKS / sizeof LOOKS[0]; i++) {
        *out = &LOOKS[i];
        if (!strcmp(LOOKS[i].noun, noun)) return OK;
    }
    return FAIL(ERR_INTERNAL, "the kitchen has no look for %s", noun);
}

status motion_find(const char *verb, const motion **out)
{
    for (size_t i = 0; i < sizeof MOTIONS / sizeof MOTIONS[0]; i++) {
        *out = &MOTIONS[i];
        if (!strcmp(MOTIONS[i].verb, verb)) return OK;
    }
    return FAIL(ERR_INTERNAL, "the kitchen has no motion for %s", verb);
}

const look *tool_look(tool t)
{
    return &TOOLS[t];
}
