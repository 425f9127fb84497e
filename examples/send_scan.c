/* A scan from a controller written in C, over the control socket of a running engine (docs/control.md).
 *
 *     cc -Wall -Wextra -o send_scan examples/send_scan.c -lcurl
 *     send_scan /run/franking/franking.sock kim lee@example.com scan.pdf
 *
 * Sends the file, submits the job and waits until the mail was sent, has ended, or waits for what only a person
 * or time can bring. Ends as `franking send` does: 0 sent, 65 refused, 75 waits, 69 no engine, 64 wrong usage.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SENT = 0, USAGE = 64, REFUSED = 65, NO_INPUT = 66, NO_ENGINE = 69, WAITS = 75 };
enum { LOOKS = 600, A_TENTH = 100000 };

struct answer {
    long status;
    size_t length;
    char *text;
};

static size_t received(char *octets, size_t size, size_t count, void *where) {
    struct answer *answer = where;
    size_t length = size * count;
    char *grown = realloc(answer->text, answer->length + length + 1);
    if (grown == NULL)
        return 0;
    memcpy(grown + answer->length, octets, length);
    answer->text = grown;
    answer->length += length;
    grown[answer->length] = '\0';
    return length;
}

/* One request; body or file may be NULL. What came is in answer, of which the caller frees the text. */
static void ask(const char *socket, const char *path, const char *body, FILE *file, struct answer *answer) {
    char url[512];
    CURL *curl = curl_easy_init();
    snprintf(url, sizeof url, "http://franking%s", path);
    memset(answer, 0, sizeof *answer);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, received);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    if (body != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    struct curl_slist *fields = NULL;
    if (file != NULL) {
        fields = curl_slist_append(fields, "Transfer-Encoding: chunked");
        fields = curl_slist_append(fields, "Expect:");
        curl_easy_setopt(curl, CURLOPT_POST, 1L);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, fields);
        curl_easy_setopt(curl, CURLOPT_READDATA, file);
    }
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_slist_free_all(fields);
    curl_easy_cleanup(curl);
}

/* The first value of this name, without a parser: a number, or a text as it stands in JSON. */
static int value(const struct answer *answer, const char *name, char *found, size_t room) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *at = answer->text ? strstr(answer->text, wanted) : NULL;
    if (at == NULL)
        return 0;
    at += strlen(wanted);
    int quoted = *at == '"';
    at += quoted;
    size_t length = 0;
    while (length + 1 < room && at[length] != '\0') {
        if (quoted && at[length] == '\\' && at[length + 1] != '\0')
            length++;
        else if (quoted ? at[length] == '"' : strchr(",}", at[length]) != NULL)
            break;
        length++;
    }
    memcpy(found, at, length);
    found[length] = '\0';
    return 1;
}

/* A text between quotation marks; the caller frees it. */
static char *quoted(const char *text) {
    char *made = malloc(6 * strlen(text) + 3), *to = made;
    if (made == NULL)
        exit(EXIT_FAILURE);
    *to++ = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            to += sprintf(to, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            to += sprintf(to, "\\u%04x", *text);
        else
            *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return made;
}

static int refused(const char *what, struct answer *answer) {
    char why[1024];
    if (answer->status == 0)
        fprintf(stderr, "%s: no engine answers there\n", what);
    else if (value(answer, "remedy", why, sizeof why) || value(answer, "detail", why, sizeof why))
        fprintf(stderr, "%s: %s\n", what, why);
    int status = answer->status == 0 || answer->status >= 500 ? NO_ENGINE : REFUSED;
    free(answer->text);
    return status;
}

int main(int count, char **given) {
    if (count != 5) {
        fprintf(stderr, "usage: %s SOCKET USER ADDRESS FILE\n", given[0]);
        return USAGE;
    }
    FILE *file = fopen(given[4], "rb");
    if (file == NULL) {
        perror(given[4]);
        return NO_INPUT;
    }
    struct answer answer;
    char path[512], number[32], state[32], reason[1024];
    const char *slash = strrchr(given[4], '/');
    char *name = curl_easy_escape(NULL, slash ? slash + 1 : given[4], 0);
    snprintf(path, sizeof path, "/files?name=%.400s", name);
    curl_free(name);
    ask(given[1], path, NULL, file, &answer);
    fclose(file);
    if (answer.status != 201 || !value(&answer, "upload", number, sizeof number))
        return refused("the file", &answer);
    free(answer.text);

    char *user = quoted(given[2]), *to = quoted(given[3]);
    size_t room = strlen(user) + strlen(to) + 200;
    char *body = malloc(room);
    if (body == NULL)
        return EXIT_FAILURE;
    snprintf(body, room,
             "{\"request\":{\"function\":\"Scan to E-mail\",\"user\":%s,\"to\":[%s],\"files\":[\"upload:%s\"]}}",
             user, to, number);
    ask(given[1], "/jobs", body, NULL, &answer);
    free(user), free(to), free(body);
    if (answer.status != 201 || !value(&answer, "job", number, sizeof number))
        return refused("the job", &answer);
    free(answer.text);

    snprintf(path, sizeof path, "/jobs/%s", number);
    for (int looks = 0;; looks++) {
        ask(given[1], path, NULL, NULL, &answer);
        if (answer.status != 200 || !value(&answer, "state", state, sizeof state))
            return refused("the job", &answer);
        value(&answer, "reason", reason, sizeof reason);
        free(answer.text);
        int waits = strcmp(state, "waiting") == 0 && reason[0] != '\0';
        if (waits || strcmp(state, "sent") == 0 || strcmp(state, "ended") == 0 || looks == LOOKS)
            break;
        usleep(A_TENTH);
    }
    printf("job %s: %s%s%s\n", number, state, reason[0] ? ", " : "", reason);
    return strcmp(state, "sent") == 0 ? SENT : strcmp(state, "ended") == 0 ? REFUSED : WAITS;
}
