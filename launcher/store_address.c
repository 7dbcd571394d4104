#include "launcher/store_address.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

void address_split(char *address, char **name)
{
    char *colon = strrchr(address, ':');
    *name = NULL;
    if (!colon || file_exists(address) || directory_exists(address)) return;
    *colon = '\0';
    *name = colon + 1;
}

status address_open(const char *address, store **out)
{
    char *path = directory_exists(address) ? path_join(address, "store.sqlite") : strdup(address);
    if (!path) return FAIL(ERR_MEMORY, "no memory to open %s", address);
    status st = store_open(path, STORE_READ, out);
    free(path);
    return st;
}
