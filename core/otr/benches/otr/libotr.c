/* libotr as both parties of a conversation in one thread: what a task costs, in seconds of CPU time.
 *
 * usage: libotr FOLDER; then a task a line on stdin, "name count"; the answer is "seconds exponentiations".
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In the order that libotr's headers need. */
#include <libotr/proto.h>
#include <libotr/userstate.h>
#include <libotr/tlv.h>
#include <libotr/message.h>
#include <libotr/instag.h>
#include <libotr/privkey.h>

static const char *NAMES[2] = { "alice", "bob" };
static const char *PROTOCOL = "prpl-jabber";

static OtrlUserState states[2];
static const char *folder;
static long exponentiations;

/* What waits to be delivered: to whom, and the message. */
static struct { int to; char *message; } queue[64];
static int first, last;

/* Takes libgcrypt's place for libotr, so that exponentiations of 1536 bits are counted. DSA's are libgcrypt's own. */
void gcry_mpi_powm(gcry_mpi_t w, const gcry_mpi_t b, const gcry_mpi_t e, const gcry_mpi_t m)
{
    static void (*real)(gcry_mpi_t, const gcry_mpi_t, const gcry_mpi_t, const gcry_mpi_t);
    if (!real) real = dlsym(RTLD_NEXT, "gcry_mpi_powm");
    exponentiations++;
    real(w, b, e, m);
}

static char *path(const char *name, int party)
{
    static char full[4096];
    snprintf(full, sizeof full, "%s/%s%d", folder, name, party);
    return full;
}

static OtrlPolicy policy(void *data, ConnContext *context)
{
    return OTRL_POLICY_ALLOW_V3;
}

static int is_logged_in(void *data, const char *account, const char *protocol, const char *recipient)
{
    return 1;
}

static void inject(void *data, const char *account, const char *protocol, const char *recipient, const char *message)
{
    queue[last].to = strcmp(recipient, NAMES[1]) == 0;
    queue[last].message = strdup(message);
    last = (last + 1) % 64;
}

static void smp_event(void *data, OtrlSMPEvent event, ConnContext *context, unsigned short percent, char *question);

static OtrlMessageAppOps ops = {
    .policy = policy, .is_logged_in = is_logged_in, .inject_message = inject, .handle_smp_event = smp_event,
};

static ConnContext *context(int party)
{
    return otrl_context_find(states[party], NAMES[!party], NAMES[party], PROTOCOL, OTRL_INSTAG_BEST, 1, NULL, NULL, NULL);
}

static int answered;

static void smp_event(void *data, OtrlSMPEvent event, ConnContext *context, unsigned short percent, char *question)
{
    if (event == OTRL_SMPEVENT_SUCCESS) answered++;
}

static void receive(int party, const char *message)
{
    char *text = NULL;
    OtrlTLV *tlvs = NULL;
    otrl_message_receiving(states[party], &ops, NULL, NAMES[party], PROTOCOL, NAMES[!party], message, &text, &tlvs,
        NULL, NULL, NULL);
    otrl_tlv_free(tlvs);
    otrl_message_free(text);
}

static void deliver(void)
{
    while (first != last) {
        char *message = queue[first].message;
        int to = queue[first].to;
        first = (first + 1) % 64;
        receive(to, message);
        free(message);
    }
}

static void say(int party, const char *text)
{
    char *wire = NULL;
    otrl_message_sending(states[party], &ops, NULL, NAMES[party], PROTOCOL, NAMES[!party], OTRL_INSTAG_BEST, text, NULL,
        &wire, OTRL_FRAGMENT_SEND_ALL, NULL, NULL, NULL);
    otrl_message_free(wire);
    deliver();
}

static void ake(void)
{
    receive(1, "?OTRv3?");
    deliver();
}

static void smp(void)
{
    answered = 0;
    otrl_message_initiate_smp(states[0], &ops, NULL, context(0), (const unsigned char *) "secret", 6);
    deliver();
    otrl_message_respond_smp(states[1], &ops, NULL, context(1), (const unsigned char *) "secret", 6);
    deliver();
    if (answered != 2) exit(3);
}

static void task(const char *name, long count)
{
    static char text[10001];
    memset(text, 'x', 10000);
    text[strcmp(name, "oneway_10kb") ? 100 : 10000] = 0;
    for (long i = 0; i < count; i++) {
        if (!strcmp(name, "keygen")) otrl_privkey_generate(states[0], path("key", 2), "another", PROTOCOL);
        else if (!strcmp(name, "ake")) ake();
        else if (!strcmp(name, "pingpong_100b")) say(i % 2, text);
        else if (!strcmp(name, "smp")) smp();
        else say(0, text);
    }
    if (context(0)->msgstate != OTRL_MSGSTATE_ENCRYPTED) exit(4);
}

int main(int argc, char **argv)
{
    char name[32];
    long count;
    if (argc < 2) return 2;
    folder = argv[1];
    OTRL_INIT;
    for (int party = 0; party < 2; party++) {
        states[party] = otrl_userstate_create();
        otrl_privkey_generate(states[party], path("key", party), NAMES[party], PROTOCOL);
        otrl_instag_generate(states[party], path("tag", party), NAMES[party], PROTOCOL);
    }
    ake();
    while (scanf("%31s %ld", name, &count) == 2) {
        long before = exponentiations;
        clock_t start = clock();
        task(name, count);
        printf("%.9f %ld\n", (double) (clock() - start) / CLOCKS_PER_SEC, exponentiations - before);
        fflush(stdout);
    }
    return 0;
}
