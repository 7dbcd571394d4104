#include "launcher/chart_cairo.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

static const char LIBRARY[] = "libcairo.so.2";

cairo_functions cairo;

/* A pointer to an object into one to a function: POSIX's own way (dlsym). */
#define FIND(name)                                                                                                     \
    *(void **)(&cairo.name) = dlsym(library, "cairo_" #name);                                                          \
    if (!missing && !cairo.name) missing = "cairo_" #name;

status cairo_open(void)
{
    static bool ready;
    const char *missing = NULL;
    if (ready) return OK;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); /* stays open until the program ends */
    if (!library) return FAIL(ERR_MISSING, "pictures need cairo: %s (install it; Debian: libcairo2)", dlerror());
    CAIRO_FUNCTIONS(FIND)
    if (missing) return FAIL(ERR_MISSING, "%s has no %s: it is older than cairo 1.16", LIBRARY, missing);
    ready = true;
    return OK;
}
