/* Ports: ranks listen on ports the system chooses, unless Open MPI's parameters fix a range. */
#include "doctor/machine.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char TOPIC[] = "ports";
enum { CONNECT_WAIT_MS = 1500, PORT_MOST = 65535 };

/* ---- reaching oneself -------------------------------------------------------------------------------------------- */

/* 0, or errno. */
static int wait_connected(int fd)
{
    int reason = 0;
    socklen_t size = sizeof reason;
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    if (poll(&ready, 1, CONNECT_WAIT_MS) <= 0) return ETIMEDOUT;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size) ? errno : reason;
}

static int reach(const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), reason = 0;
    if (fd < 0) return errno;
    if (connect(fd, address, size)) reason = errno == EINPROGRESS ? wait_connected(fd) : errno;
    close(fd);
    return reason;
}

/* The address of this machine's name, where it is its own, otherwise that of the loopback. */
static void choose_address(struct sockaddr_in *out)
{
    char name[256] = "";
    struct addrinfo *list = NULL, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    gethostname(name, sizeof name - 1);
    if (getaddrinfo(name, NULL, &hints, &list)) return;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && bind(fd, list->ai_addr, list->ai_addrlen) == 0) memcpy(out, list->ai_addr, sizeof *out);
    if (fd >= 0) close(fd);
    freeaddrinfo(list);
}

static void check_listening(findings *to)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    char number[64] = "";
    choose_address(&address);
    struct sockaddr *any = (struct sockaddr *)(void *)&address;
    getnameinfo(any, size, number, sizeof number, NULL, 0, NI_NUMERICHOST);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = fd >= 0 && bind(fd, any, size) == 0 && listen(fd, 1) == 0 && getsockname(fd, any, &size) == 0;
    int reason = listens ? reach(any, size) : errno;
    if (fd >= 0) close(fd);
    if (!listens)
        finding_fail(to, TOPIC, ERR_RANK, "ranks have to listen: look for limits of this session or container",
                     "nothing can listen on %s: %s", number, strerror(reason));
    else if (reason)
        finding_fail(to, TOPIC, ERR_RANK, "let nodes of the cluster through in the firewall of this one",
                     "port %d of %s is listened on and cannot be reached from this machine: %s",
                     ntohs(address.sin_port), number, strerror(reason));
    else finding_ok(to, TOPIC, "%s can be listened on and reached (port %d)", number, ntohs(address.sin_port));
}

/* ---- ranges that are fixed --------------------------------------------------------------------------------------- */

/* A parameter of Open MPI, from the environment or the user's file. False when it is not set. */
static bool parameter(const char *name, char *out, size_t size)
{
    char variable[128], path[4096], line[1024];
    snprintf(variable, sizeof variable, "OMPI_MCA_%s", name);
    const char *given = getenv(variable), *home = getenv("HOME");
    if (given) snprintf(out, size, "%s", given);
    if (given || !home) return given != NULL;
    snprintf(path, sizeof path, "%s/.openmpi/mca-params.conf", home);
    FILE *file = fopen(path, "re");
    bool found = false;
    size_t length = strlen(name);
    while (file && fgets(line, sizeof line, file)) {
        char *at = line + strspn(line, " \t");
        if (strncmp(at, name, length)) continue;
        at += length;
        at += strspn(at, " \t");
        if (*at++ != '=') continue;
        at += strspn(at, " \t");
        at[strcspn(at, " \t\r\n#")] = '\0';
        snprintf(out, size, "%s", at);
        found = true;
    }
    if (file) fclose(file);
    return found;
}

static bool is_free(int port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {.s_addr = htonl(INADDR_ANY)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && bind(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0 && listen(fd, 1) == 0;
    if (fd >= 0) close(fd);
    return good;
}

typedef struct {
    const char *parameter;
    char said[256];
    size_t ports, free, needed; /* counting stops when there are enough */
    bool wrong;                 /* what it says is no range */
} port_range;

static void count_range(port_range *r, long first, long last)
{
    if (first < 1 || last > PORT_MOST || first > last) r->wrong = true;
    for (long port = first; !r->wrong && port <= last; port++) {
        r->ports++;
        if (r->free < r->needed) r->free += is_free((int)port);
    }
}

/* "5000-5009,6000" */
static void count_list(port_range *r)
{
    for (const char *at = r->said; !r->wrong;) {
        char *end;
        long first = strtol(at, &end, 10), last = first;
        if (end == at) r->wrong = true;
        if (*end == '-') last = strtol(end + 1, &end, 10);
        if (*end && *end != ',') r->wrong = true;
        if (!r->wrong) count_range(r, first, last);
        if (!*end) return;
        at = end + 1;
    }
}

static void tell_range(const port_range *r, findings *to)
{
    if (r->wrong)
        finding_fail(to, TOPIC, ERR_CONFIG, "ports are 1 to 65535, written like 5000-5099", "%s is \"%s\"",
                     r->parameter, r->said);
    else if (r->free < r->needed)
        finding_fail(to, TOPIC, ERR_RANK, "end what uses them (ss -ltnp), widen the range, or take the parameter away",
                     "%s fixes %zu port%s (%s): %zu of them free, %zu needed on this machine", r->parameter, r->ports,
                     r->ports == 1 ? "" : "s", r->said, r->free, r->needed);
    else
        finding_ok(to, TOPIC, "%s fixes %zu port%s (%s): enough are free", r->parameter, r->ports,
                   r->ports == 1 ? "" : "s", r->said);
}

/* Ranks of several nodes listen for each other; mpirun and its daemons for ranks. */
static void check_ranges(const machine_use *use, findings *to)
{
    static const char *const LISTS[] = {"oob_tcp_static_ipv4_ports", "oob_tcp_dynamic_ipv4_ports"};
    char first[64] = "", range[64] = "";
    if (parameter("btl_tcp_port_min_v4", first, sizeof first)) {
        port_range r = {.parameter = "btl_tcp_port_min_v4", .needed = use->ranks};
        bool bounded = parameter("btl_tcp_port_range_v4", range, sizeof range);
        long least = strtol(first, NULL, 10), most = bounded ? least + strtol(range, NULL, 10) - 1 : PORT_MOST;
        snprintf(r.said, sizeof r.said, "%ld-%ld", least, most);
        count_range(&r, least, most);
        tell_range(&r, to);
    }
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        port_range r = {.parameter = LISTS[i], .needed = 1};
        if (!parameter(LISTS[i], r.said, sizeof r.said) || !r.said[0]) continue;
        count_list(&r);
        tell_range(&r, to);
    }
}

void check_ports(const machine_use *use, findings *to)
{
    check_listening(to);
    check_ranges(use, to);
}
