/* A peer that is libotr: commands in, what it does out, a line each. See libotr.rs for what is asked of it.
 *
 * in:  R wire | M text | Q | D | A secret | W question<TAB>secret | P secret | B | K | L longest message | V version |
 *      G account
 * out: S wire | T text | N news | . (the command is done)
 *
 * A line break inside is "\n" both ways, a backslash is "\\".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order that libotr's headers need. */
#include <libotr/proto.h>
#include <libotr/userstate.h>
#include <libotr/tlv.h>
#include <libotr/message.h>
#include <libotr/instag.h>
#include <libotr/privkey.h>

static const char *ME = "libotr@test";
static const char *YOU = "flashpaper@test";
static const char *PROTOCOL = "prpl-jabber";

static OtrlUserState state;
static char *folder;
static int limit;
static OtrlPolicy allowed = OTRL_POLICY_ALLOW_V3;

static char *path(const char *name)
{
    static char full[4096];
    snprintf(full, sizeof full, "%s/%s", folder, name);
    return full;
}

static void say(char kind, const char *text)
{
    printf("%c ", kind);
    for (; *text; text++) {
        if (*text == '\n') fputs("\\n", stdout);
        else if (*text == '\\') fputs("\\\\", stdout);
        else putchar(*text);
    }
    putchar('\n');
}

static void unescape(char *line)
{
    char *to = line;
    for (; *line; line++) {
        if (*line == '\\' && line[1]) *to++ = *++line == 'n' ? '\n' : *line;
        else *to++ = *line;
    }
    *to = 0;
}

static OtrlPolicy policy(void *data, ConnContext *context)
{
    return allowed | OTRL_POLICY_ERROR_START_AKE | OTRL_POLICY_WHITESPACE_START_AKE;
}

static void create_privkey(void *data, const char *account, const char *protocol)
{
    otrl_privkey_generate(state, path("key"), account, protocol);
}

static int is_logged_in(void *data, const char *account, const char *protocol, const char *recipient)
{
    return 1;
}

static void inject(void *data, const char *account, const char *protocol, const char *recipient, const char *message)
{
    say('S', message);
}

static void nothing(void *data) {}
static void new_fingerprint(void *d, OtrlUserState us, const char *a, const char *p, const char *u, unsigned char f[20]) {}
static void gone_secure(void *data, ConnContext *context) { say('N', "secure"); }
static void gone_insecure(void *data, ConnContext *context) { say('N', "insecure"); }
static void still_secure(void *data, ConnContext *context, int is_reply) { say('N', "still_secure"); }

static int max_message_size(void *data, ConnContext *context)
{
    return limit;
}

static void asked(const char *question)
{
    char news[1024];
    snprintf(news, sizeof news, "smp_question %s", question);
    say('N', news);
}

static void smp_event(void *data, OtrlSMPEvent event, ConnContext *context, unsigned short percent, char *question)
{
    switch (event) {
    case OTRL_SMPEVENT_ASK_FOR_SECRET: say('N', "smp_asked"); break;
    case OTRL_SMPEVENT_ASK_FOR_ANSWER: asked(question); break;
    case OTRL_SMPEVENT_SUCCESS: say('N', "smp_equal"); break;
    case OTRL_SMPEVENT_FAILURE: say('N', "smp_different"); break;
    case OTRL_SMPEVENT_ABORT: say('N', "smp_abort"); break;
    case OTRL_SMPEVENT_CHEATED: say('N', "smp_cheated"); break;
    case OTRL_SMPEVENT_ERROR: say('N', "smp_error"); break;
    default: break;
    }
}

static void msg_event(void *data, OtrlMessageEvent event, ConnContext *context, const char *message, gcry_error_t err)
{
    char text[64];
    /* Heartbeats are for a log. */
    if (event == OTRL_MSGEVENT_LOG_HEARTBEAT_RCVD || event == OTRL_MSGEVENT_LOG_HEARTBEAT_SENT) return;
    snprintf(text, sizeof text, "event %d", (int) event);
    say('N', text);
}

static void create_instag(void *data, const char *account, const char *protocol)
{
    otrl_instag_generate(state, path("tag"), account, protocol);
}

static const char *error_message(void *data, ConnContext *context, OtrlErrorCode code)
{
    return "libotr could not read that";
}

static OtrlMessageAppOps ops;

static ConnContext *context(void)
{
    return otrl_context_find(state, YOU, ME, PROTOCOL, OTRL_INSTAG_BEST, 1, NULL, NULL, NULL);
}

static void command(char kind, char *rest)
{
    char *text = NULL;
    OtrlTLV *tlvs = NULL;
    switch (kind) {
    case 'R':
        if (!otrl_message_receiving(state, &ops, NULL, ME, PROTOCOL, YOU, rest, &text, &tlvs, NULL, NULL, NULL))
            say('T', text ? text : rest);
        if (otrl_tlv_find(tlvs, OTRL_TLV_DISCONNECTED)) say('N', "finished");
        otrl_tlv_free(tlvs);
        otrl_message_free(text);
        break;
    case 'M':
        otrl_message_sending(state, &ops, NULL, ME, PROTOCOL, YOU, OTRL_INSTAG_BEST, rest, NULL, &text,
            OTRL_FRAGMENT_SEND_ALL, NULL, NULL, NULL);
        /* Without a session it has nothing to add, and the text goes as it is. */
        if (!text) say('S', rest);
        otrl_message_free(text);
        break;
    case 'Q': {
        char *query = otrl_proto_default_query_msg(ME, policy(NULL, NULL));
        say('S', query);
        free(query);
        break;
    }
    case 'D':
        otrl_message_disconnect(state, &ops, NULL, ME, PROTOCOL, YOU, context()->their_instance);
        break;
    case 'A':
        otrl_message_initiate_smp(state, &ops, NULL, context(), (unsigned char *) rest, strlen(rest));
        break;
    case 'W': {
        char *secret = strchr(rest, '\t');
        *secret++ = 0;
        otrl_message_initiate_smp_q(state, &ops, NULL, context(), rest, (unsigned char *) secret, strlen(secret));
        break;
    }
    case 'P':
        otrl_message_respond_smp(state, &ops, NULL, context(), (unsigned char *) rest, strlen(rest));
        break;
    case 'B':
        otrl_message_abort_smp(state, &ops, NULL, context());
        break;
    case 'K': {
        unsigned char key[OTRL_EXTRAKEY_BYTES];
        otrl_message_symkey(state, &ops, NULL, context(), 7, (unsigned char *) "file", 4, key);
        break;
    }
    case 'L':
        limit = atoi(rest);
        break;
    case 'G': {
        char fingerprint[OTRL_PRIVKEY_FPRINT_HUMAN_LEN];
        otrl_privkey_generate(state, path("key"), rest, PROTOCOL);
        if (otrl_privkey_fingerprint(state, fingerprint, rest, PROTOCOL)) say('N', fingerprint);
        break;
    }
    case 'V':
        allowed = atoi(rest) == 2 ? OTRL_POLICY_ALLOW_V2 : OTRL_POLICY_ALLOW_V3;
        break;
    }
}

int main(int argc, char **argv)
{
    static char line[1 << 22];
    if (argc < 3) return 2;
    folder = argv[1];
    limit = atoi(argv[2]);
    setvbuf(stdout, NULL, _IOLBF, 1 << 22);
    OTRL_INIT;
    state = otrl_userstate_create();
    ops = (OtrlMessageAppOps) {
        .policy = policy, .create_privkey = create_privkey, .is_logged_in = is_logged_in, .inject_message = inject,
        .update_context_list = nothing, .new_fingerprint = new_fingerprint, .write_fingerprints = nothing,
        .gone_secure = gone_secure, .gone_insecure = gone_insecure, .still_secure = still_secure,
        .max_message_size = max_message_size, .otr_error_message = error_message,
        .handle_smp_event = smp_event, .handle_msg_event = msg_event, .create_instag = create_instag,
    };
    otrl_privkey_read(state, path("key"));
    otrl_instag_read(state, path("tag"));
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        unescape(line);
        command(line[0], line[0] && line[1] ? line + 2 : line + strlen(line));
        puts(".");
        fflush(stdout);
    }
    return 0;
}
