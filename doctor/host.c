/* The name of a machine: what it resolves to, and whether that is the machine itself. */
#include "doctor/machine.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char TOPIC[] = "host";

typedef struct {
    char text[512]; /* addresses, for people */
    size_t count, loopback;
    char foreign[64]; /* one that is not this machine's; "" without */
} addresses;

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)address;
    return (ntohl(four->sin_addr.s_addr) >> 24) == 127;
}

/* The system lets nobody bind an address that is not the machine's. */
static bool is_foreign(const struct addrinfo *at)
{
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false; /* a family that is switched off here */
    bool refused = bind(fd, at->ai_addr, at->ai_addrlen) && errno == EADDRNOTAVAIL;
    close(fd);
    return refused;
}

static void look_at(const struct addrinfo *list, addresses *out)
{
    size_t used = 0;
    *out = (addresses){.text = ""};
    for (const struct addrinfo *at = list; at; at = at->ai_next) {
        char number[64];
        if (getnameinfo(at->ai_addr, at->ai_addrlen, number, sizeof number, NULL, 0, NI_NUMERICHOST)) continue;
        out->count++;
        out->loopback += is_loopback(at->ai_addr);
        if (is_foreign(at)) snprintf(out->foreign, sizeof out->foreign, "%s", number);
        if (used < sizeof out->text)
            used += (size_t)snprintf(out->text + used, sizeof out->text - used, "%s%s", used ? ", " : "", number);
    }
}

static void check_slurm_name(const char *name, findings *to)
{
    const char *node = getenv("SLURMD_NODENAME");
    size_t length = strcspn(name, ".");
    if (!node || !*node || (!strncmp(node, name, length) && (node[length] == '\0' || node[length] == '.'))) return;
    finding_note(to, TOPIC, "should mpirun not find its nodes, start ranks by srun, which asks Slurm for the addresses",
                 "Slurm calls this node %s, it calls itself %s", node, name);
}

/* What is wrong here is a warning: whether ranks start and meet all the same is for them to tell. */
void check_host(const machine_use *use, findings *to)
{
    char name[256] = "";
    addresses are;
    struct addrinfo *list = NULL, hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    gethostname(name, sizeof name - 1);
    int code = getaddrinfo(name, NULL, &hints, &list);
    if (code) {
        finding_warn(to, TOPIC, "put it into /etc/hosts or the name server, or give the machine its right name",
                     "the name of this machine (hostname) does not resolve: %s", gai_strerror(code));
        return;
    }
    look_at(list, &are);
    freeaddrinfo(list);
    if (are.foreign[0])
        finding_warn(to, TOPIC, "correct /etc/hosts or the name server: others look for this machine there",
                     "%s resolves to %s, which is no address of this machine", name, are.foreign);
    else if (use->nodes > 1 && are.count == are.loopback)
        finding_warn(to, TOPIC, "in /etc/hosts, give the name the address that other nodes reach this one at",
                     "%s resolves to %s only: who asks here for its address cannot be reached from other nodes", name,
                     are.text);
    else finding_ok(to, TOPIC, "%s is %s", name, are.text);
    check_slurm_name(name, to);
}
